import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { connectionSettings } from '@vmdns/local';
import type { Browser, Page } from 'playwright-core';
import { signIn, startBrowser, startStack, visit, type Stack, type Visitor } from '../../support/index.js';

// The console in a real browser against a real stack: what an operator at night, and a colleague for the first time, come for.

jest.setTimeout(120_000);

let stack: Stack;
let browser: Browser;
let visitor: Visitor;
let page: Page;
beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack(), startBrowser()]);
  await stack.addZone('night.test');
  await stack.addZone('2.0.192.in-addr.arpa');
  await stack.gateway.publish('vm-5546', { fqdn: 'web.night.test', addresses: [{ ip: '192.0.2.46' }] });
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});
beforeEach(async () => {
  visitor = await visit(browser, stack.gateway.url);
  page = visitor.page;
});
afterEach(async () => {
  await visitor.context.close();
  expect(visitor.behaviour.faults).toEqual([]);
});

const table = (name: string) => page.getByRole('table', { name });

describe('signing in', () => {
  it('L10 takes a token for a cookie that no script can read, and says what is wrong with a wrong one', async () => {
    await page.goto('/vms');
    await page.getByLabel(/^Token/).fill('vmdns_not-a-token-of-this-house');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('This token is not known').waitFor();
    await signIn(page, stack.token, '/vms');
    await page.getByRole('heading', { name: 'VMs' }).waitFor();
    expect(await page.evaluate('document.cookie')).toBe('');
    const [cookie] = await visitor.context.cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
    expect(JSON.stringify(await page.evaluate('[{ ...localStorage }, { ...sessionStorage }]'))).not.toContain(stack.token);
  });

  it('signs out, and the session is worth nothing any more', async () => {
    await signIn(page, stack.token);
    const [cookie] = await visitor.context.cookies();
    await page.getByRole('button', { name: /Signed in as/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    const answer = await fetch(`${stack.gateway.url}/v1/vms`, { headers: { cookie: `${cookie?.name ?? ''}=${cookie?.value ?? ''}` } });
    expect(answer.status).toBe(401);
  });
});

describe('the operator who is called at night', () => {
  it('sees on the page of the VM why it has no reverse name, gives the new key, and sees it live', async () => {
    const [connection] = (await stack.gateway.connections()).items;
    await stack.gateway.setSecrets(connection?.id ?? '', { apiKey: 'the-key-of-last-year' });
    const { revision } = await stack.gateway.putVm('vm-5546', { fqdn: 'web.night.test', addresses: [{ ip: '192.0.2.47' }] });
    await stack.gateway.reaches('vm-5546', revision, (dns) => dns.records.some((record) => record.reason?.code === 'credentials'), 'refused for its key', 40_000);

    await signIn(page, stack.token);
    await page.getByLabel('Explain a VM, name or address').fill('vm-5546');
    await page.keyboard.press('Enter');
    await page.getByRole('list', { name: 'Explanation' }).getByText(/key|credential/i).first().waitFor();
    await page.getByRole('link', { name: 'vm-5546' }).first().click();
    await table('Records').getByText('47.2.0.192.in-addr.arpa.').waitFor();
    await table('Records').getByText('failed').first().waitFor();

    await page.getByRole('link', { name: 'Connections' }).click();
    await page.getByRole('button', { name: /^Rotate secret of/ }).click();
    await page.getByLabel('apiKey').fill(stack.powerdns.apiKey);
    await page.getByRole('button', { name: 'Rotate', exact: true }).click();
    await page.getByText('uses the new secret').waitFor();
    await page.goto('/vms/vm-5546');
    await page.getByText('Every record answers or is explained').waitFor({ timeout: 60_000 });
    expect((await stack.dns('47.2.0.192.in-addr.arpa', 'PTR')).values).toEqual(['web.night.test.']);
    // L10: the key went in; nothing on any page has it.
    await page.goto('/connections');
    await table('Connections').getByText('apiKey is set').waitFor();
    expect(await page.content()).not.toContain(stack.powerdns.apiKey);
  });

  it('sets and resets a customer\'s reverse name in place', async () => {
    await signIn(page, stack.token, '/vms/vm-5546');
    await page.getByRole('button', { name: 'Set the reverse name of 192.0.2.47' }).click();
    await page.getByLabel('Reverse name of 192.0.2.47', { exact: true }).fill('not a name');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText(/must/).first().waitFor();
    await page.getByLabel('Reverse name of 192.0.2.47', { exact: true }).fill('mail.customer.example');
    await page.getByRole('button', { name: 'Save' }).click();
    await table('Records').getByText('mail.customer.example.').waitFor();
    await page.getByRole('button', { name: 'Reset the reverse name of 192.0.2.47' }).click();
    await table('Records').getByText('mail.customer.example.').waitFor({ state: 'detached' });
  });

  it('finds VMs as he types, by name, address and state', async () => {
    await signIn(page, stack.token, '/vms');
    await page.getByLabel('Search').fill('192.0.2.4');
    await page.waitForURL(/q=192\.0\.2\.4/);
    await page.getByRole('link', { name: 'vm-5546' }).click();
    await page.getByRole('heading', { name: 'vm-5546' }).waitFor();
    await page.goto('/vms?q=nothing-like-this');
    await page.getByRole('heading', { name: 'No VM matches' }).waitFor();
  });

  it('stops one zone and lets it go on', async () => {
    await signIn(page, stack.token, '/pauses');
    await page.getByRole('combobox', { name: 'Stop writing' }).click();
    await page.getByRole('option', { name: /^night\.test\./ }).click();
    await page.getByLabel('Why').fill('maintenance of ns1');
    await page.getByRole('button', { name: 'Stop' }).click();
    await table('Pauses').getByText('maintenance of ns1').waitFor();
    expect((await stack.gateway.ask('GET', '/v1/pause')).body).toMatchObject({ items: [{ why: 'maintenance of ns1', scope: { kind: 'zone' } }] });
    await page.getByRole('button', { name: 'Resume zone night.test.' }).click();
    await page.getByRole('heading', { name: 'Nothing is paused' }).waitFor();
  });
});

describe('the colleague who adds a zone for the first time', () => {
  it('is told what is wrong with a wrong key, mends it, saves, and sees the first VM live', async () => {
    await stack.powerdns.createZone('first.test.', { apiRectify: false });
    const settings = connectionSettings(stack.powerdns, stack.proxy.url) as Record<string, string>;
    await signIn(page, stack.token, '/zones');
    await page.getByRole('button', { name: 'Add zone' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add zone' });
    await dialog.getByLabel('Zone', { exact: false }).first().fill('first.test');
    await dialog.getByRole('combobox', { name: 'Connection' }).click();
    await page.getByRole('option', { name: 'A new connection …' }).click();
    await dialog.getByLabel('Name of the connection').fill('my first server');
    await dialog.getByRole('combobox', { name: 'Provider' }).click();
    await page.getByRole('option', { name: 'powerdns' }).click();
    await dialog.getByLabel('API URL').fill(settings['url'] ?? '');
    await dialog.getByLabel('API key').fill('a-wrong-key');
    await dialog.getByRole('button', { name: 'Test zone' }).click();
    await dialog.getByText('Something is not as it must be').waitFor();
    await dialog.getByRole('list', { name: 'Steps of the test' }).getByText(/key/i).first().waitFor();
    await dialog.getByLabel('API key').fill(settings['apiKey'] ?? '');
    await dialog.getByRole('button', { name: 'Test zone' }).click();
    await dialog.getByText('The test went well.').waitFor();
    await dialog.getByText('Write', { exact: true }).click();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'first.test.' }).waitFor();
    await stack.gateway.publish('first-vm', { fqdn: 'one.first.test', addresses: [{ ip: '198.51.100.1' }] }, 60_000);
    await page.getByRole('region', { name: 'Names of the zone' }).getByText('one.first.test.').waitFor();
    await page.getByRole('link', { name: 'VMs' }).click();
    await page.getByRole('link', { name: 'first-vm' }).click();
    await page.getByText('Every record answers or is explained').waitFor();
  });

  it('adds a zone with the keyboard alone, led there by a hint', async () => {
    await stack.powerdns.createZone('hint.test.', { apiRectify: false });
    await stack.gateway.putVm('hinted', { fqdn: 'a.hint.test', addresses: [{ ip: '203.0.113.77' }] });
    await signIn(page, stack.token, '/zones');
    const add = page.getByRole('button', { name: 'Add hint.test.' });
    await add.waitFor({ timeout: 90_000 });
    await press(page, 'Add hint.test.');
    await page.getByRole('dialog', { name: 'Add zone' }).waitFor();
    await tabTo(page, (label) => label.startsWith('Connection'));
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await press(page, 'Save');
    await page.getByRole('heading', { name: 'hint.test.' }).waitFor();
  });
});

describe('a zone that lives already', () => {
  it('is compared, what differs is seen on both sides, and taken over after a look at what that does', async () => {
    const zone = await stack.addZone('living.test', { entry: { mode: 'observe' } });
    await stack.powerdns.putRrsets('living.test.', [
      { name: 'same.living.test.', type: 'A', ttl: 300, records: [{ content: '192.0.2.201', disabled: false }] },
      { name: 'other.living.test.', type: 'A', ttl: 300, records: [{ content: '198.51.100.202', disabled: false }] },
    ]);
    await stack.gateway.putVm('same', { fqdn: 'same.living.test', addresses: [{ ip: '192.0.2.201' }] });
    const { revision } = await stack.gateway.putVm('other', { fqdn: 'other.living.test', addresses: [{ ip: '192.0.2.202' }] });
    await stack.gateway.reaches('other', revision, (dns) => dns.live, 'planned', 40_000);
    await signIn(page, stack.token, `/zones/${zone.id}?tab=comparison`);
    await page.getByRole('button', { name: 'Compare now' }).click();
    const differences = page.getByRole('region', { name: 'Differences' });
    await differences.getByText('other.living.test. A').waitFor({ timeout: 60_000 });
    await differences.getByText('198.51.100.202').waitFor();
    await page.getByRole('button', { name: 'Take over …' }).click();
    const dialog = page.getByRole('dialog', { name: /Take over/ });
    await dialog.getByText('take over 1 that are equal; leave 1 that differ').waitFor();
    await dialog.getByText('Take over what differs too').click();
    await dialog.getByText('take over 1 that are equal and 1 that differ').waitFor();
    await dialog.getByRole('button', { name: 'Take over', exact: true }).click();
    await page.getByText('1 taken over as they are, 1 that differ').waitFor();
    await page.getByLabel('Write this zone').click({ force: true });
    await page.getByText('vmdns writes this zone now').waitFor();
    await stack.gateway.reaches('other', revision, (dns) => dns.records.every((record) => record.type !== 'A' || record.state === 'applied'), 'written', 60_000);
    expect((await stack.dns('other.living.test', 'A')).values).toEqual(['192.0.2.202']);
  });
});

describe('the log', () => {
  it('shows what happens as it happens, holds still on demand, and opens to the command and the VM', async () => {
    await signIn(page, stack.token, '/log?vmId=tail-vm');
    await page.getByText('live', { exact: true }).waitFor();
    await stack.gateway.publish('tail-vm', { fqdn: 'tail.night.test', addresses: [{ ip: '192.0.2.99' }] });
    const entries = page.getByRole('region', { name: 'Log entries' });
    await entries.getByText('tail.night.test.').first().waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await stack.gateway.publish('tail-vm', { fqdn: 'tail2.night.test', addresses: [{ ip: '192.0.2.99' }] });
    await page.getByRole('button', { name: /Go on \(\d+ waiting\)/ }).click();
    await entries.getByText('tail2.night.test.', { exact: true }).first().click();
    const entry = page.getByRole('dialog', { name: 'Log entry' });
    await entry.getByText('"192.0.2.99"').waitFor();
    await entry.getByRole('link', { name: 'tail-vm' }).click();
    await page.getByRole('heading', { name: 'tail-vm' }).waitFor();
  });

  it('says so when the live feed breaks, and resumes by itself', async () => {
    await signIn(page, stack.token, '/log');
    await page.getByText('live', { exact: true }).waitFor();
    await stack.service('gateway').kill();
    await page.getByText('The live feed is broken').waitFor();
    await stack.service('gateway').restart();
    await page.getByText('live', { exact: true }).waitFor({ timeout: 60_000 });
    const missed = await stack.gateway.publish('resumed', { fqdn: 'resumed.night.test', addresses: [{ ip: '192.0.2.98' }] }, 60_000);
    expect(missed.live).toBe(true);
    await page.getByRole('region', { name: 'Log entries' }).getByText('resumed.night.test.').first().waitFor();
    // The browser itself wrote down that nobody answered.
    visitor.behaviour.faults.length = 0;
  });
});

/** Moves the focus by the Tab key to the control with this label, and presses Enter. */
async function press(at: Page, label: string): Promise<void> {
  await tabTo(at, (seen) => seen === label);
  await at.keyboard.press('Enter');
}

async function tabTo(at: Page, is: (label: string) => boolean): Promise<void> {
  // By time and not by count: a button may be asleep until an answer is there.
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    await at.keyboard.press('Tab');
    const label = await at.evaluate(`(() => { const at = document.activeElement; return at === null ? '' : at.getAttribute('aria-label') ?? at.labels?.[0]?.textContent ?? at.textContent ?? ''; })()`) as string;
    if (is(label.trim())) return;
  }
  throw new Error('the control was not reached by Tab within a minute');
}
