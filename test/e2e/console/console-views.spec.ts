import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Role } from '@vmdns/contracts';
import type { Browser, Page } from 'playwright-core';
import { pictureFile, signIn, startBrowser, startStack, visit, type Stack } from '../../support/index.js';

// Every view of the console: for everybody who uses it, by every role, in light and dark.

jest.setTimeout(180_000);

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WEIGHT_MAX = 500_000;

let stack: Stack;
let browser: Browser;
let zoneId = '';
let holdId = '';
beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack(), startBrowser()]);
  const zone = await stack.addZone('views.test');
  zoneId = zone.id;
  await stack.addZone('113.0.203.in-addr.arpa');
  await stack.powerdns.putRrsets('views.test.', [{ name: 'taken.views.test.', type: 'A', ttl: 60, records: [{ content: '198.51.100.1', disabled: false }] }]);
  await stack.gateway.ask('PUT', '/v1/settings', { body: { brakes: { vmDeletions: { count: 1, share: 0, windowSeconds: 600 } } } });
  await stack.gateway.publish('vm-1', { fqdn: 'one.views.test', tenant: 'acme', addresses: [{ ip: '203.0.113.1' }] }, 60_000);
  await stack.gateway.publish('vm-2', { fqdn: 'taken.views.test', addresses: [{ ip: '203.0.113.2' }] }, 60_000);
  await stack.gateway.putVm('vm-3', { fqdn: 'three.elsewhere.test', addresses: [{ ip: '198.51.100.3' }] });
  for (const vmId of ['gone-1', 'gone-2']) await stack.gateway.publish(vmId, { fqdn: `${vmId}.views.test`, addresses: [{ ip: `203.0.113.${vmId.length + Number(vmId.at(-1))}` }] }, 60_000);
  for (const vmId of ['gone-1', 'gone-2']) await stack.gateway.deleteVm(vmId);
  const holds = (await stack.gateway.ask('GET', '/v1/holds?state=open')).body as { items: { holdId: string }[] };
  holdId = holds.items[0]?.holdId ?? '';
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

interface View { readonly name: string; readonly path: () => string; readonly ready: (page: Page) => Promise<unknown> }

const heading = (name: string | RegExp) => (page: Page) => page.getByRole('heading', { level: 1, name }).waitFor();
const table = (name: string) => (page: Page) => page.getByRole('table', { name }).waitFor();
const region = (name: string) => (page: Page) => page.getByRole('region', { name }).waitFor();

const VIEWS: readonly View[] = [
  { name: 'overview', path: () => '/', ready: region('The way of a fact') },
  { name: 'vms', path: () => '/vms', ready: region('VMs') },
  { name: 'vm', path: () => '/vms/vm-2', ready: table('Records') },
  { name: 'vm-unknown', path: () => '/vms/nobody', ready: (page) => page.getByText('This VM is not known').waitFor() },
  { name: 'explain', path: () => '/explain?q=203.0.113.1', ready: (page) => page.getByRole('list', { name: 'Explanation' }).waitFor() },
  { name: 'zones', path: () => '/zones', ready: region('Zones') },
  { name: 'zone', path: () => `/zones/${zoneId}`, ready: region('Names of the zone') },
  { name: 'zone-comparison', path: () => `/zones/${zoneId}?tab=comparison`, ready: (page) => page.getByRole('button', { name: 'Compare now' }).waitFor() },
  { name: 'zone-add', path: () => '/zones?add=new.test', ready: (page) => page.getByRole('dialog', { name: 'Add zone' }).waitFor() },
  { name: 'holds', path: () => '/holds', ready: heading('Holds') },
  { name: 'hold', path: () => `/holds/${holdId}`, ready: region('What would be done') },
  { name: 'log', path: () => '/log', ready: region('Log entries') },
  { name: 'connections', path: () => '/connections', ready: table('Connections') },
  { name: 'pauses', path: () => '/pauses', ready: heading('Pauses') },
  { name: 'settings', path: () => '/settings', ready: (page) => page.getByLabel('Main domain', { exact: true }).waitFor() },
  { name: 'tokens', path: () => '/tokens', ready: table('Tokens') },
  { name: 'audit', path: () => '/audit', ready: region('Changes') },
  { name: 'nowhere', path: () => '/nowhere', ready: heading('There is no such page') },
];

interface AxeFinding { readonly id: string; readonly impact: string; readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[] }

async function seriousFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const found = await page.evaluate(`axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations)`) as readonly AxeFinding[];
  return found.filter((finding) => finding.impact === 'serious' || finding.impact === 'critical').flatMap((finding) => finding.nodes.map((node) => `${finding.id}: ${node.html.slice(0, 200)} — ${node.failureSummary.slice(0, 300)}`));
}

describe.each(['light', 'dark'] as const)('every view in %s', (scheme) => {
  let page: Page;
  let faults: readonly string[];
  beforeAll(async () => {
    const visitor = await visit(browser, stack.gateway.url, { scheme });
    ({ page } = visitor);
    ({ faults } = visitor.behaviour);
    await signIn(page, stack.token);
  });
  afterAll(() => page.context().close());

  it.each(VIEWS.map((view) => [view.name, view] as const))('%s can be used by everybody: nothing serious is found, nothing refused, nothing asked of elsewhere', async (name, view) => {
    await page.goto(view.path());
    await view.ready(page);
    expect(await page.getByRole('alert').filter({ hasText: /does not answer|did not work/ }).count()).toBe(0);
    await page.screenshot({ path: pictureFile(`${name}-${scheme}`) });
    expect(await seriousFindings(page)).toEqual([]);
    expect(faults).toEqual([]);
  });
});

describe('what a role may not do', () => {
  const tokenOf = async (role: Role, tenant?: string) => ((await stack.gateway.ask('POST', '/v1/tokens', { body: { name: `view-${role}${tenant ?? ''}`, role, ...(tenant === undefined ? {} : { tenant }) } })).body as { token: string }).token;
  const see = async (token: string, path: string): Promise<Page> => {
    const { page } = await visit(browser, stack.gateway.url);
    await signIn(page, token, path);
    return page;
  };
  const places = async (page: Page) => page.getByRole('navigation', { name: 'Views' }).getByRole('link').allInnerTexts();

  it('a viewer looks at everything but tokens, and is offered nothing to change', async () => {
    const page = await see(await tokenOf('viewer'), '/zones');
    expect(await places(page)).toEqual(['Overview', 'VMs', 'Zones', 'Holds', 'Log', 'Connections', 'Pauses', 'Settings']);
    await page.getByRole('link', { name: 'views.test.' }).waitFor();
    expect(await page.getByRole('button', { name: /Add zone/ }).count()).toBe(0);
    await page.goto(`/holds/${holdId}`);
    await page.getByRole('region', { name: 'What would be done' }).waitFor();
    expect(await page.getByRole('button', { name: /Approve|Reject/ }).count()).toBe(0);
    await page.goto('/vms/vm-1');
    await page.getByRole('table', { name: 'Records' }).waitFor();
    expect(await page.getByRole('button', { name: /reverse name/ }).count()).toBe(0);
    await page.goto('/tokens');
    await page.getByText('Your role may not see this').waitFor();
    await page.context().close();
  });

  it('an operator changes zones and holds; tokens stay with the admin', async () => {
    const page = await see(await tokenOf('operator'), '/zones');
    await page.getByRole('button', { name: 'Add zone' }).waitFor();
    expect(await places(page)).not.toContain('Tokens');
    await page.goto(`/holds/${holdId}`);
    await page.getByRole('button', { name: 'Approve' }).waitFor();
    await page.context().close();
  });

  it("a tenant's viewer sees its own VMs and no more", async () => {
    const page = await see(await tokenOf('viewer', 'acme'), '/vms');
    await page.getByRole('link', { name: 'vm-1' }).waitFor();
    expect(await page.getByRole('link', { name: 'vm-2' }).count()).toBe(0);
    expect(await places(page)).toEqual(['Overview', 'VMs']);
    await page.goto('/vms/vm-2');
    await page.getByText('This VM is not known').waitFor();
    await page.context().close();
  });
});

describe('a hold', () => {
  it('is shown as what would be done, and rejected with a decision that is asked for', async () => {
    const { page, context } = await visit(browser, stack.gateway.url);
    await signIn(page, stack.token, '/holds');
    await page.getByRole('region', { name: 'Holds' }).getByRole('link').first().click();
    await page.getByRole('region', { name: 'What would be done' }).getByText(/gone-/).first().waitFor();
    await page.getByRole('button', { name: 'Reject' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Reject' }).click();
    await page.getByText(/^Done: /).waitFor();
    await page.getByText('rejected', { exact: true }).first().waitFor();
    await context.close();
  });
});

describe('the weight of the pages', () => {
  it('is under 500 kB as sent, with all views', async () => {
    const { page, context } = await visit(browser, stack.gateway.url);
    let bytes = 0;
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    const ofPages = new Set<string>();
    session.on('Network.responseReceived', ({ requestId, response }) => { if (!new URL(response.url).pathname.startsWith('/v1/')) ofPages.add(requestId); });
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => { if (ofPages.has(requestId)) bytes += encodedDataLength; });
    await signIn(page, stack.token);
    for (const view of VIEWS) { await page.goto(view.path()); await view.ready(page); }
    expect(bytes).toBeGreaterThan(50_000);
    expect(bytes).toBeLessThan(WEIGHT_MAX);
    await context.close();
  });
});
