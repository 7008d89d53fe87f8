import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findChromium } from '@vmdns/local';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { childEnv, finder, newFolder, ROOT } from './run-folder.js';

/** A real browser without a window. */
export async function startBrowser(): Promise<Browser> {
  const binary = await findChromium(finder());
  const home = newFolder('browser');
  return chromium.launch({
    executablePath: binary.path,
    // Root has no sandbox to give; the pages are our own, on loopback.
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    env: { PATH: process.env['PATH'] ?? '', HOME: home, XDG_CACHE_HOME: home, XDG_CONFIG_HOME: home, ...childEnv(), ...binary.env },
  });
}

/** What a page did that no page of ours may: errors, refused content, requests to elsewhere. */
export class Behaviour {
  readonly faults: string[] = [];

  constructor(page: Page, origin: string) {
    page.on('pageerror', (error) => this.faults.push(`error: ${error.message}`));
    page.on('console', (message) => { if (message.type() === 'error' && !/the server responded with a status of (4\d\d|503)/.test(message.text())) this.faults.push(`console: ${message.text()}`); });
    page.on('request', (request) => { if (!request.url().startsWith(origin) && !request.url().startsWith('data:')) this.faults.push(`asked ${request.url()}`); });
  }
}

/** A person with a browser of their own at the console. */
export interface Visitor { readonly context: BrowserContext; readonly page: Page; readonly behaviour: Behaviour }

export async function visit(browser: Browser, origin: string, options: { readonly scheme?: 'light' | 'dark'; readonly viewport?: { readonly width: number; readonly height: number } } = {}): Promise<Visitor> {
  const context = await browser.newContext({ colorScheme: options.scheme ?? 'light', viewport: options.viewport ?? { width: 1280, height: 860 }, baseURL: origin, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  return { context, page, behaviour: new Behaviour(page, origin) };
}

/** Signs in as a person does. */
export async function signIn(page: Page, token: string, path = '/'): Promise<void> {
  await page.goto(path);
  await page.getByLabel(/^Token/).fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Views' }).waitFor();
}

/** Where pictures of the pages are kept for people to look at. */
export const pictureFile = (name: string): string => artefactFile(`${name}.png`);

/** Where what a browser showed and took is kept for people. */
export function artefactFile(name: string): string {
  const folder = process.env['VMDNS_PICTURES'] ?? join(ROOT, '.vmdns', 'pictures');
  mkdirSync(folder, { recursive: true });
  return join(folder, name);
}
