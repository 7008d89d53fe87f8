import { describe, expect, it } from '@jest/globals';
import { connectionSettings } from '@vmdns/local';
import type { Page } from 'playwright-core';
import { pictureFile, signIn } from '../../support/index.js';
import { eachWithVisitor, LETTER_CANARY, letterOf, type ConsoleWorld } from './console-world.js';

const table = (page: Page, name: string) => page.getByRole('table', { name });

/** Coming in and going out. */
export function signInStories(world: () => ConsoleWorld): void {
  describe('signing in', () => {
    const guest = eachWithVisitor(world);
    it('L10 takes a token for a cookie that no script can read, and says what is wrong with a wrong one', async () => {
      const { page } = guest;
      const { stack } = world();
      await page.goto('/vms');
      await page.getByLabel(/^Token/).fill('vmdns_not-a-token-of-this-house');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').getByText('This token is not known').waitFor();
      await signIn(page, stack.token, '/vms');
      await page.getByRole('heading', { name: 'VMs' }).waitFor();
      expect(await page.evaluate('document.cookie')).toBe('');
      const [cookie] = await guest.visitor.context.cookies();
      expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
      expect(JSON.stringify(await page.evaluate('[{ ...localStorage }, { ...sessionStorage }]'))).not.toContain(stack.token);
    });

    it('signs out, and the session is worth nothing any more', async () => {
      const { page } = guest;
      const { stack } = world();
      await signIn(page, stack.token);
      const [cookie] = await guest.visitor.context.cookies();
      await page.getByRole('button', { name: /Signed in as/ }).click();
      await page.getByRole('menuitem', { name: 'Sign out' }).click();
      await page.getByRole('button', { name: 'Sign in' }).waitFor();
      const answer = await fetch(`${stack.gateway.url}/v1/vms`, { headers: { cookie: `${cookie?.name ?? ''}=${cookie?.value ?? ''}` } });
      expect(answer.status).toBe(401);
      // Who is signed out from elsewhere is shown the way in by whatever the page asks next.
      const token = (await stack.gateway.ask('POST', '/v1/tokens', { body: { name: 'leaver', role: 'viewer' } })).body as { readonly id: string; readonly token: string };
      await signIn(page, token.token, '/vms');
      await page.getByRole('heading', { name: 'VMs' }).waitFor();
      await stack.gateway.ask('DELETE', `/v1/tokens/${token.id}`);
      await page.getByRole('button', { name: 'Sign in' }).waitFor();
    });
  });
}

/** Who is called at night. */
export function operatorStories(world: () => ConsoleWorld): void {
  describe('the operator who is called at night', () => {
    const guest = eachWithVisitor(world);
    it('sees on the page of the VM why it has no reverse name, gives the new key, and sees it live', async () => {
      const { page } = guest;
      const { stack } = world();
      const [connection] = (await stack.gateway.connections()).items;
      await stack.gateway.setSecrets(connection?.id ?? '', { apiKey: 'the-key-of-last-year' });
      const { revision } = await stack.gateway.putVm('vm-5546', { fqdn: 'web.night.test', addresses: [{ ip: '192.0.2.47' }] });
      await stack.gateway.reaches('vm-5546', revision, (dns) => dns.records.some((record) => record.reason?.code === 'credentials'), 'refused for its key', 40_000);

      await signIn(page, stack.token);
      await page.getByLabel('Explain a VM, name or address').fill('vm-5546');
      await page.keyboard.press('Enter');
      await page.getByRole('list', { name: 'Explanation' }).getByText(/key|credential/i).first().waitFor();
      await page.getByRole('link', { name: 'vm-5546' }).first().click();
      await table(page, 'Records').getByText('47.2.0.192.in-addr.arpa.').waitFor();
      await table(page, 'Records').getByText('failed').first().waitFor();

      await page.getByRole('link', { name: 'Connections' }).click();
      await page.getByRole('button', { name: /^Rotate secret of/ }).click();
      await page.getByLabel('apiKey').fill(stack.powerdns.apiKey);
      await page.getByRole('button', { name: 'Rotate', exact: true }).click();
      await page.getByText('uses the new secret').waitFor();
      await page.goto('/vms/vm-5546');
      await page.getByText('Every record answers or is explained').waitFor({ timeout: 60_000 });
      expect((await stack.dns('47.2.0.192.in-addr.arpa', 'PTR')).values).toEqual(['web.night.test.']);
      // Times are local; the pointer on one says UTC.
      await table(page, 'Records').locator('time').first().hover();
      await page.getByRole('tooltip').getByText(/ UTC/).waitFor();
      // The first page says how the connection is, what it may still call, and what it was.
      await page.goto('/');
      const health = page.getByRole('region', { name: 'Providers and connections' });
      await health.getByText(/calls at once are free/).first().waitFor();
      await health.getByText(/ago: .*(key|credential|401)/i).first().waitFor();
      await page.getByRole('region', { name: 'The way of a fact' }).getByText('none waits').first().waitFor();
      // L10: the key went in; nothing on any page has it.
      await page.goto('/connections');
      await table(page, 'Connections').getByText('apiKey is set').waitFor();
      expect(await page.content()).not.toContain(stack.powerdns.apiKey);
    });

    it('sets and resets a customer\'s reverse name in place', async () => {
      const { page } = guest;
      const { stack } = world();
      await signIn(page, stack.token, '/vms/vm-5546');
      await page.getByRole('button', { name: 'Set the reverse name of 192.0.2.47' }).click();
      await page.getByLabel('Reverse name of 192.0.2.47', { exact: true }).fill('not a name');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText(/must/).first().waitFor();
      await page.getByLabel('Reverse name of 192.0.2.47', { exact: true }).fill('mail.customer.example');
      await page.getByRole('button', { name: 'Save' }).click();
      await table(page, 'Records').getByText('mail.customer.example.').waitFor();
      await page.getByRole('button', { name: 'Reset the reverse name of 192.0.2.47' }).click();
      await table(page, 'Records').getByText('mail.customer.example.').waitFor({ state: 'detached' });
    });

    it('finds VMs as he types, by name, address and state', async () => {
      const { page } = guest;
      const { stack } = world();
      await signIn(page, stack.token, '/vms');
      await page.getByLabel('Search').fill('192.0.2.4');
      await page.waitForURL(/q=192\.0\.2\.4/);
      await page.getByRole('link', { name: 'vm-5546' }).click();
      await page.getByRole('heading', { name: 'vm-5546' }).waitFor();
      await page.goto('/vms?q=nothing-like-this');
      await page.getByRole('heading', { name: 'No VM matches' }).waitFor();
    });

    it('is told of a message that nobody could take, reads why, mends it in place, and its VM is known', async () => {
      const { page } = guest;
      const { stack } = world();
      await signIn(page, stack.token);
      await page.getByText('Messages that could not be taken were put aside').waitFor();
      await page.getByRole('link', { name: 'Look at them' }).click();
      await page.getByRole('region', { name: 'Dead letters' }).getByRole('link', { name: /apiToken/ }).click();
      await page.getByRole('region', { name: 'What it said' }).getByText(/\[secret\]/).waitFor();
      // L10: what it said is shown without its secret.
      expect(await page.content()).not.toContain(LETTER_CANARY);

      await page.getByRole('button', { name: 'Tell it once more' }).click();
      const dialog = page.getByRole('dialog', { name: 'Tell it once more' });
      await dialog.getByRole('button', { name: 'Tell' }).click();
      await dialog.getByRole('alert').getByText('apiToken').first().waitFor();
      await dialog.getByLabel('The message').fill('{ "half": ');
      await dialog.getByText('This is no JSON object.').waitFor();
      expect(await dialog.getByRole('button', { name: 'Tell' }).isDisabled()).toBe(true);
      await dialog.getByLabel('The message').fill(JSON.stringify(letterOf()));
      await dialog.getByRole('button', { name: 'Tell' }).click();
      await page.getByText(/^letter-vm: understood, revision \d+$/).waitFor();
      await page.getByText('replayed', { exact: true }).waitFor();
      expect(await page.getByRole('button', { name: 'Tell it once more' }).count()).toBe(0);
      await page.goto('/vms/letter-vm');
      await page.getByText('Every record answers or is explained').waitFor({ timeout: 60_000 });
    });

    it('looks at what a bulk change would do before anybody does it, with the keyboard alone; nothing is written by looking', async () => {
      const { page } = guest;
      const { gateway } = world().stack;
      await signIn(page, world().stack.token, '/plan');
      await tabTo(page, (label) => label.startsWith('Facts'));
      await page.keyboard.insertText('[{"vmId": "planned"');
      await page.getByText('This is no JSON list of facts.').waitFor();
      await page.keyboard.insertText(', "fqdn": "planned.night.test", "addresses": [{"ip": "192.0.2.61"}]}, {"vmId": "-odd", "addresses": []}]');
      await press(page, 'Show the plan');
      const plan = page.getByRole('region', { name: 'The plan' });
      await plan.getByText(/\+ planned\.night\.test\. \d+ A 192\.0\.2\.61/).waitFor();
      await plan.getByText(/! .*: refused: vmId/).waitFor();
      await page.getByRole('status', { name: 'Counts' }).getByText('2 added').waitFor();
      await tabTo(page, (label) => label.startsWith('The plan'));
      expect((await gateway.ask('GET', '/v1/vms/planned')).status).toBe(404);
    });

    it('stops one zone and lets it go on', async () => {
      const { page } = guest;
      const { stack } = world();
      await signIn(page, stack.token, '/pauses');
      await page.getByRole('combobox', { name: 'Stop writing' }).click();
      await page.getByRole('option', { name: /^night\.test\./ }).click();
      await page.getByLabel('Why').fill('maintenance of ns1');
      await page.getByRole('button', { name: 'Stop' }).click();
      await table(page, 'Pauses').getByText('maintenance of ns1').waitFor();
      expect((await stack.gateway.ask('GET', '/v1/pause')).body).toMatchObject({ items: [{ why: 'maintenance of ns1', scope: { kind: 'zone' } }] });
      await page.getByRole('button', { name: 'Resume zone night.test.' }).click();
      await page.getByRole('heading', { name: 'Nothing is paused' }).waitFor();
    });
  });
}

/** Who never read a manual. */
export function newcomerStories(world: () => ConsoleWorld): void {
  describe('the colleague who adds a zone for the first time', () => {
    const guest = eachWithVisitor(world);
    it('is told what is wrong with a wrong key, mends it, saves, and sees the first VM live', async () => {
      const { page } = guest;
      const { stack } = world();
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
      await dialog.getByRole('list', { name: 'Steps of the test' }).getByText(/Give the key that stands as api-key/).waitFor();
      await page.screenshot({ path: pictureFile('zone-refused') });
      await dialog.getByLabel('API key').fill(settings['apiKey'] ?? '');
      const zoneCalls = stack.proxy.hold((call) => call.zone === 'first.test.');
      await dialog.getByRole('button', { name: 'Test zone' }).click();
      // The server is slow with the zone: the steps before it are seen meanwhile, each with its time.
      await zoneCalls.reached();
      await dialog.getByText('The next step runs …').waitFor();
      await dialog.getByRole('list', { name: 'Steps of the test' }).getByText(/\d+ ms$/).first().waitFor();
      zoneCalls.release();
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
      const { page } = guest;
      const { stack } = world();
      await stack.powerdns.createZone('hint.test.', { apiRectify: false });
      await signIn(page, stack.token, '/zones');
      const add = page.getByRole('button', { name: 'Add hint.test.' });
      await add.waitFor({ timeout: 90_000 });
      await press(page, 'Add hint.test.');
      await page.getByRole('dialog', { name: 'Add zone' }).waitFor();
      await tabTo(page, (label) => label.startsWith('Connection'));
      await page.keyboard.press('Enter');
      await page.getByRole('option', { name: /\(powerdns\)$/ }).first().waitFor();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await press(page, 'Save');
      await page.getByRole('heading', { name: 'hint.test.' }).waitFor();
    });
  });
}

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
