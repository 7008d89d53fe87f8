import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { artefactFile, pictureFile, signIn, until, visit } from '../../support/index.js';
import { eachWithVisitor, type ConsoleWorld } from './console-world.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WEIGHT_MAX = 500_000;
const NARROW = { width: 390, height: 844 };
const WIDE = { width: 1280, height: 860 };

interface View { readonly name: string; readonly path: (world: ConsoleWorld) => string; readonly ready: (page: Page) => Promise<unknown> }

const heading = (name: string | RegExp) => (page: Page) => page.getByRole('heading', { level: 1, name }).waitFor();
const table = (name: string) => (page: Page) => page.getByRole('table', { name }).waitFor();
const region = (name: string) => (page: Page) => page.getByRole('region', { name }).waitFor();
const button = (name: string) => (page: Page) => page.getByRole('button', { name }).waitFor();

const VIEWS: readonly View[] = [
  { name: 'overview', path: () => '/', ready: region('The way of a fact') },
  { name: 'vms', path: () => '/vms', ready: region('VMs') },
  { name: 'vms-none', path: () => '/vms?q=nothing-like-this', ready: (page) => page.getByRole('heading', { name: 'No VM matches' }).waitFor() },
  { name: 'vm', path: () => '/vms/vm-2', ready: table('Records') },
  { name: 'vm-unknown', path: () => '/vms/nobody', ready: (page) => page.getByText('This VM is not known').waitFor() },
  { name: 'explain', path: () => '/explain?q=203.0.113.1', ready: (page) => page.getByRole('list', { name: 'Explanation' }).waitFor() },
  { name: 'zones', path: () => '/zones', ready: region('Zones') },
  { name: 'zone', path: ({ zoneId }) => `/zones/${zoneId}`, ready: region('Names of the zone') },
  { name: 'zone-comparison', path: ({ zoneId }) => `/zones/${zoneId}?tab=comparison`, ready: button('Compare now') },
  { name: 'zone-test', path: ({ zoneId }) => `/zones/${zoneId}?tab=test`, ready: button('Test zone') },
  { name: 'zone-settings', path: ({ zoneId }) => `/zones/${zoneId}?tab=settings`, ready: button('Take it off') },
  { name: 'zone-add', path: () => '/zones?add=new.test', ready: (page) => page.getByRole('dialog', { name: 'Add zone' }).waitFor() },
  { name: 'plan', path: () => '/plan', ready: (page) => planOf(page, { vmId: 'vm-1', deleted: true }) },
  { name: 'holds', path: () => '/holds', ready: region('Holds') },
  { name: 'hold', path: ({ holdId }) => `/holds/${holdId}`, ready: region('What would be done') },
  { name: 'deadletters', path: () => '/deadletters', ready: region('Dead letters') },
  { name: 'deadletter', path: ({ deadLetterId }) => `/deadletters/${deadLetterId}`, ready: region('What it said') },
  { name: 'log', path: () => '/log', ready: region('Log entries') },
  { name: 'connections', path: () => '/connections', ready: table('Connections') },
  { name: 'pauses', path: () => '/pauses', ready: heading('Pauses') },
  { name: 'settings', path: () => '/settings', ready: (page) => page.getByLabel('Main domain', { exact: true }).waitFor() },
  { name: 'tenants', path: () => '/tenants', ready: table('Tenants') },
  { name: 'tokens', path: () => '/tokens', ready: table('Tokens') },
  { name: 'audit', path: () => '/audit', ready: region('Changes') },
  { name: 'nowhere', path: () => '/nowhere', ready: heading('There is no such page') },
];

/** Pastes facts and waits for what they would do. */
async function planOf(page: Page, ...facts: readonly object[]): Promise<void> {
  await page.getByLabel('Facts').fill(JSON.stringify(facts));
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await page.getByRole('region', { name: 'The plan' }).waitFor();
}

interface AxeFinding { readonly id: string; readonly impact: string; readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[] }

async function seriousFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const found = await page.evaluate(`axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations)`) as readonly AxeFinding[];
  return found.filter((finding) => finding.impact === 'serious' || finding.impact === 'critical').flatMap((finding) => finding.nodes.map((node) => `${finding.id}: ${node.html.slice(0, 200)} — ${node.failureSummary.slice(0, 300)}`));
}

/** Bytes of the pages as they were sent, compressed, each file once; answers of the API are not the pages' weight. */
async function weigh(page: Page): Promise<() => number> {
  const bytes = new Map<string, number>();
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const ofPages = new Map<string, string>();
  session.on('Network.responseReceived', ({ requestId, response }) => { const { pathname } = new URL(response.url); if (!pathname.startsWith('/v1/')) ofPages.set(requestId, response.mimeType === 'text/html' ? '/' : pathname); });
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => { const file = ofPages.get(requestId); if (file !== undefined) bytes.set(file, Math.max(bytes.get(file) ?? 0, encodedDataLength)); });
  return () => [...bytes.values()].reduce((sum, one) => sum + one, 0);
}

/** Every view with something in it: for eyes, for those who have none, on a desk and on a telephone, in light and dark. */
export function everyView(world: () => ConsoleWorld): void {
  describe.each(['light', 'dark'] as const)('every view in %s', (scheme) => {
    let page: Page;
    let faults: readonly string[];
    let weight: () => number;
    const shownAfterMs = new Map<string, number>();
    beforeAll(async () => {
      const visitor = await visit(world().browser, world().stack.gateway.url, { scheme });
      ({ page } = visitor);
      ({ faults } = visitor.behaviour);
      weight = await weigh(page);
      await signIn(page, world().stack.token);
    });
    afterAll(() => page.context().close());

    it.each(VIEWS.map((view) => [view.name, view] as const))('%s can be used by everybody: nothing serious is found, nothing refused, nothing asked of elsewhere, nothing wider than a telephone', async (name, view) => {
      await page.setViewportSize(WIDE);
      const began = performance.now();
      await page.goto(view.path(world()));
      await view.ready(page);
      shownAfterMs.set(name, Math.round(performance.now() - began));
      expect(await page.getByRole('alert').filter({ hasText: /does not answer|did not work/ }).count()).toBe(0);
      await page.screenshot({ path: pictureFile(`${name}-${scheme}`) });
      expect(await seriousFindings(page)).toEqual([]);
      await page.setViewportSize(NARROW);
      await view.ready(page);
      await until(async () => await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth') === 0, { what: 'nothing wider than the screen' });
      await page.screenshot({ path: pictureFile(`${name}-${scheme}-narrow`) });
      expect(faults).toEqual([]);
    });

    it('weighs under 500 kB as sent, with all views', () => {
      // A record, not a limit: on a busy machine a page takes what it takes.
      writeFileSync(artefactFile(`pages-${scheme}.json`), JSON.stringify({ bytesAsSent: weight(), shownAfterMs: Object.fromEntries(shownAfterMs) }, null, 2));
      expect(weight()).toBeGreaterThan(50_000);
      expect(weight()).toBeLessThan(WEIGHT_MAX);
    });
  });
}

/** What a role may not do is not shown, and refused all the same. */
export function roleStories(world: () => ConsoleWorld): void {
  describe('what a role may not do', () => {
    const guest = eachWithVisitor(world);
    const see = async (token: string, path: string): Promise<Page> => {
      await signIn(guest.page, token, path);
      return guest.page;
    };
    const places = async (page: Page) => page.getByRole('navigation', { name: 'Views' }).getByRole('link').allInnerTexts();
    /** As the page itself would ask, with its cookie. */
    const refusal = async (page: Page, method: string, path: string, data: Readonly<Record<string, unknown>> = {}) => (await page.request.fetch(path, { method, data, headers: { 'X-Vmdns-Console': '1' } })).status();

    it('a viewer looks at everything but tokens, and is offered nothing to change', async () => {
      const page = await see(await world().tokenOf('viewer'), '/zones');
      expect(await places(page)).toEqual(['Overview', 'VMs', 'Zones', 'Holds', 'Dead letters', 'Log', 'Connections', 'Pauses', 'Tenants', 'Settings']);
      await page.getByRole('link', { name: 'views.test.' }).waitFor();
      expect(await page.getByRole('button', { name: /Add/ }).count()).toBe(0);
      await page.goto(`/zones/${world().zoneId}?tab=settings`);
      await page.getByLabel('TTL of PTR (s)').waitFor();
      expect(await page.getByLabel('TTL of PTR (s)').isDisabled()).toBe(true);
      expect(await page.getByRole('button', { name: /^(Save|Take it off|Pause|Move|Hand back|Remove)$/ }).count()).toBe(0);
      await page.goto(`/holds/${world().holdId}`);
      await page.getByRole('region', { name: 'What would be done' }).waitFor();
      expect(await page.getByRole('button', { name: /Approve|Reject/ }).count()).toBe(0);
      await page.goto(`/deadletters/${world().deadLetterId}`);
      await page.getByRole('region', { name: 'What it said' }).waitFor();
      expect(await page.getByRole('button', { name: 'Tell it once more' }).count()).toBe(0);
      await page.goto('/vms/vm-1');
      await page.getByRole('table', { name: 'Records' }).waitFor();
      expect(await page.getByRole('button', { name: /reverse name/ }).count()).toBe(0);
      await page.goto('/tokens');
      await page.getByText('Your role may not see this').waitFor();
      expect(await refusal(page, 'POST', `/v1/holds/${world().holdId}/approve`)).toBe(403);
      expect(await refusal(page, 'POST', `/v1/deadletters/${world().deadLetterId}/replay`)).toBe(403);
      expect(await refusal(page, 'PATCH', `/v1/zones/${world().zoneId}`, { mode: 'observe' })).toBe(403);
    });

    it('an operator changes zones and holds; tokens stay with the admin', async () => {
      const page = await see(await world().tokenOf('operator'), '/zones');
      await page.getByRole('button', { name: 'Add zone' }).waitFor();
      expect(await places(page)).not.toContain('Tokens');
      await page.goto(`/holds/${world().holdId}`);
      await page.getByRole('button', { name: 'Approve' }).waitFor();
      expect(await refusal(page, 'POST', '/v1/tokens', { name: 'mine', role: 'admin' })).toBe(403);
    });

    it('a publisher sees what became of its VMs, and nothing of how the house is run', async () => {
      const page = await see(await world().tokenOf('publisher'), '/');
      await page.getByRole('link', { name: 'vm-1' }).waitFor();
      expect(await places(page)).toEqual(['Overview', 'VMs', 'Zones', 'Plan', 'Log']);
      await page.goto('/vms/vm-1');
      await page.getByRole('button', { name: 'Set the reverse name of 203.0.113.1' }).waitFor();
      await page.goto('/pauses');
      await page.getByText('Your role may not see this').first().waitFor();
      expect(await refusal(page, 'POST', '/v1/pause', { scope: { kind: 'all' } })).toBe(403);
    });

    it("a tenant's viewer sees its own VMs and no more", async () => {
      const page = await see(await world().tokenOf('viewer', 'acme'), '/vms');
      await page.getByRole('link', { name: 'vm-1' }).waitFor();
      expect(await page.getByRole('link', { name: 'vm-2' }).count()).toBe(0);
      expect(await places(page)).toEqual(['Overview', 'VMs']);
      await page.goto('/vms/vm-1');
      await page.getByRole('table', { name: 'Records' }).waitFor();
      expect(await page.getByRole('link', { name: /Log of this VM|views\.test/ }).count()).toBe(0);
      await page.goto('/vms/vm-2');
      await page.getByText('This VM is not known').waitFor();
      await page.goto('/zones');
      await page.getByText('Your role may not see this').first().waitFor();
    });
  });
}

/** A big change that waits for a person. */
export function holdStories(world: () => ConsoleWorld): void {
  describe('a hold', () => {
    const guest = eachWithVisitor(world);

    it('L13 shows what would go and which address another VM has by now; what joins while one looks is said before anything is decided', async () => {
      const { page } = guest;
      await signIn(page, world().stack.token, '/holds');
      await page.getByRole('region', { name: 'Holds' }).getByRole('link').first().click();
      const list = page.getByRole('region', { name: 'What would be done' });
      await list.getByText(/− VM gone-2 \(gone-2\.views\.test/).waitFor();
      await list.getByText('203.0.113.8', { exact: true }).waitFor();
      await page.getByRole('status', { name: 'Counts' }).getByText('1 with an address that others use by now').waitFor();
      await page.getByRole('button', { name: 'Reject' }).click();
      await world().stack.gateway.deleteVm('vm-1');
      const dialog = page.getByRole('dialog');
      await dialog.getByText('The list has changed since you looked').waitFor();
      await dialog.getByText('1 more: vm-1').waitFor();
      expect((await world().stack.gateway.holds('open')).items).toHaveLength(1);
      await dialog.getByRole('button', { name: 'Go on with the list as it is now' }).click();
      await dialog.getByRole('button', { name: 'Reject' }).click();
      await page.getByText(/^Done: everything is kept as it is/).waitFor();
      await page.getByText('rejected', { exact: true }).first().waitFor();
    });

    it('of many is approved by typing how many', async () => {
      const { page } = guest;
      const { gateway } = world().stack;
      const vmIds = Array.from({ length: 24 }, (_, place) => `many-${String(place)}`);
      await Promise.all(vmIds.map((vmId, place) => gateway.putVm(vmId, { addresses: [{ ip: `198.18.5.${String(place + 1)}` }] })));
      for (const vmId of vmIds) await gateway.deleteVm(vmId);
      await signIn(page, world().stack.token, '/holds');
      await page.getByRole('region', { name: 'Holds' }).getByRole('link').first().click();
      const members = (await gateway.holds('open')).items[0]?.members ?? 0;
      await page.getByRole('button', { name: 'Approve' }).click();
      const dialog = page.getByRole('dialog', { name: `Approve ${String(members)} changes` });
      expect(await dialog.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(true);
      await dialog.getByLabel(`Type ${String(members)} to confirm`).fill(String(members));
      await dialog.getByRole('button', { name: 'Approve' }).click();
      await page.getByText(`Done: ${String(members)} of ${String(members)} are done`).waitFor();
      await world().brakeAt(500);
    });
  });
}
