import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { dnsAsk, signIn, until } from '../../support/index.js';
import { eachWithVisitor, type ConsoleWorld } from './console-world.js';

const table = (page: Page, name: string) => page.getByRole('table', { name });

/** A zone that was there before vmdns. */
export function lifeStories(world: () => ConsoleWorld): void {
  describe('a zone that lives already', () => {
    const guest = eachWithVisitor(world);
    it('is compared, what differs is seen on both sides, and taken over after a look at what that does', async () => {
      const { page } = guest;
      const { stack } = world();
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

    it('L13 has limits of its own, and its brake is taken off for a while by a person who says why', async () => {
      const { page } = guest;
      const { gateway } = world().stack;
      await signIn(page, world().stack.token, `/zones/${world().zoneId}?tab=settings`);
      await page.getByLabel('Share (%)', { exact: true }).fill('12');
      await page.getByRole('combobox', { name: 'Compared with its provider' }).click();
      await page.getByRole('option', { name: 'every hour' }).click();
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('The settings of the zone hold now').waitFor();
      expect(await gateway.zone(world().zoneId)).toMatchObject({ limits: { removalShare: 0.12, removalNames: 20 }, reconcile: { everySeconds: 3600 } });
      await page.getByLabel('Why').fill('the rack is emptied');
      await page.getByRole('button', { name: 'Take it off' }).click();
      await page.getByText(/are not held until .*by admin: the rack is emptied/).waitFor();
      expect(await gateway.zone(world().zoneId)).toMatchObject({ brakeOff: { by: 'admin', why: 'the rack is emptied' } });
      await page.getByRole('button', { name: 'Put it on again' }).click();
      await page.getByRole('button', { name: 'Take it off' }).waitFor();
      expect((await gateway.zone(world().zoneId)).brakeOff).toBeUndefined();
    });

    it('L4 is moved to another server, handed back and removed, each by a button that asks first; what was handed back stays there', async () => {
      const { page } = guest;
      const { stack } = world();
      const zone = await stack.addZone('moving.test');
      await stack.gateway.publish('mover', { fqdn: 'mover.moving.test', addresses: [{ ip: '203.0.113.70' }] }, 60_000);
      const second = await stack.secondPowerdns({ rectify: false });
      await second.powerdns.createZone('moving.test.', { apiRectify: false });
      await stack.connectTo(second.powerdns, { name: 'the second server', api: second.proxy.url });
      await signIn(page, stack.token, `/zones/${zone.id}`);

      await page.getByRole('button', { name: 'Move', exact: true }).click();
      const move = page.getByRole('dialog', { name: 'Move moving.test.' });
      expect(await move.getByRole('button', { name: 'Move', exact: true }).isDisabled()).toBe(true);
      await move.getByRole('combobox', { name: 'To the connection' }).click();
      await page.getByRole('option', { name: 'the second server (powerdns)' }).click();
      await move.getByLabel('Remove our records at the old server too').check({ force: true });
      await move.getByRole('button', { name: 'Move', exact: true }).click();
      await page.getByText('moving.test. is added there first, then given up here').waitFor();
      await page.waitForURL((url) => url.pathname.startsWith('/zones/') && !url.pathname.endsWith(zone.id));
      const there = async () => (await dnsAsk(second.powerdns.dns, 'mover.moving.test.', 'A')).values.join();
      await until(async () => await there() === '203.0.113.70', { withinMs: 60_000, what: 'the second server to answer' });
      await until(async () => (await stack.dns('mover.moving.test', 'A')).values.length === 0, { withinMs: 60_000, what: 'the first server to have it no more' });

      await page.getByRole('button', { name: 'Hand back' }).click();
      await page.getByRole('dialog', { name: 'Hand back moving.test.' }).getByRole('button', { name: 'Hand back' }).click();
      await page.getByText('moving.test. is handed back: its records stay').waitFor();
      await page.getByText('observes: plans and compares, writes nothing').waitFor();

      await page.getByRole('button', { name: 'Remove', exact: true }).click();
      await page.getByRole('dialog', { name: 'Remove moving.test. from vmdns' }).getByRole('button', { name: 'Remove' }).click();
      await page.getByText('moving.test. is on its way out').waitFor();
      await page.getByRole('heading', { level: 1, name: 'Zones' }).waitFor();
      await page.getByRole('link', { name: 'moving.test.' }).waitFor({ state: 'detached', timeout: 60_000 });
      expect(await there()).toBe('203.0.113.70');
    });

    it('a deleted VM is seen until it is gone: which records are still there, and what keeps them', async () => {
      const { page } = guest;
      const { gateway } = world().stack;
      await gateway.publish('leaver', { fqdn: 'leaver.views.test', addresses: [{ ip: '203.0.113.90' }] }, 60_000);
      await signIn(page, world().stack.token, `/zones/${world().zoneId}`);
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByRole('dialog').getByLabel('Why').fill('moving racks');
      await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
      await page.getByText(/Writing views\.test\. is stopped/).waitFor();
      await gateway.deleteVm('leaver');
      await page.goto('/vms/leaver');
      await page.getByText(/The VM is deleted\..*still there/).waitFor();
      await table(page, 'Records').getByText(/paused for the zone views\.test\. by admin \(moving racks\)/).waitFor();
      await page.goto('/pauses');
      await page.getByRole('button', { name: 'Resume zone views.test.' }).click();
      await page.goto('/vms/leaver');
      await page.getByText('The VM is deleted, and no record of it is left.').waitFor({ timeout: 60_000 });
    });
  });
}

/** What a stack of a test has too little of, or too seldom: answered in the door's place. */
export function largeStories(world: () => ConsoleWorld): void {
  describe('what is large, slow or refused', () => {
    const guest = eachWithVisitor(world);

    it('a list of 10,000 is read page by page as one scrolls, and only what is in sight is in the page', async () => {
      const { page } = guest;
      const [all, size] = [10_000, 1_000];
      await signIn(page, world().stack.token, '/settings');
      await page.route(/\/v1\/search\/vms/, (route) => {
        const from = Number(new URL(route.request().url()).searchParams.get('cursor') ?? '0');
        const items = Array.from({ length: size }, (_, place) => ({ vmId: `vm-${String(from + place).padStart(5, '0')}`, name: null, addresses: [], tenant: null, state: 'live', changedAt: '2026-01-01T00:00:00.000Z' }));
        return route.fulfill({ json: { items, ...(from + size < all ? { next: String(from + size) } : {}) } });
      });
      await page.getByRole('link', { name: 'VMs' }).click();
      const list = page.getByRole('region', { name: 'VMs' });
      await list.getByRole('link', { name: 'vm-00000' }).waitFor();
      const seen: number[] = [];
      await until(async () => {
        await list.hover();
        await page.mouse.wheel(0, 1_000_000);
        seen.push(await list.getByRole('row').count());
        return await list.getByRole('link', { name: 'vm-09999' }).count() === 1;
      }, { withinMs: 60_000, everyMs: 50, what: 'the last of 10,000' });
      expect(Math.max(...seen)).toBeLessThan(100);
    });

    it('a zone whose names are being planned says how far it is, and why', async () => {
      const { page } = guest;
      await signIn(page, world().stack.token, '/zones');
      await page.route(new RegExp(`/v1/zones/${world().zoneId}$`), async (route) => {
        const answer = await route.fetch();
        const progress = { state: 'planning', done: 1250, total: 5000, why: 'the zone views.test. was added', since: new Date().toISOString() };
        await route.fulfill({ response: answer, json: { ...await answer.json() as object, progress } });
      });
      await page.goto(`/zones/${world().zoneId}`);
      const progress = page.getByRole('region', { name: 'Progress' });
      await progress.getByText('the zone views.test. was added').waitFor();
      await progress.getByText(/1,250 of 5,000 names planned/).waitFor();
      expect(await progress.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('25');
    });

    it.each(STATES)('every view $what, with its title', async ({ answer, says }) => {
      const { page, visitor } = guest;
      await signIn(page, world().stack.token, '/nowhere');
      await visitor.context.route(/\/v1\/(?!session)/, (route) => answer === undefined ? undefined : route.fulfill({ status: answer.status, contentType: 'application/problem+json', body: JSON.stringify({ type: 'about:blank', ...answer }) }));
      for (const path of ['/', '/vms', '/vms/vm-1', '/explain?q=vm-1', '/zones', `/zones/${world().zoneId}`, '/holds', `/holds/${world().holdId}`, '/deadletters', `/deadletters/${world().deadLetterId}`, '/log', '/connections', '/pauses', '/settings', '/tenants', '/tokens', '/audit']) {
        await page.goto(path);
        await says(page);
        await page.getByRole('heading', { level: 1 }).waitFor();
      }
      // The browser itself wrote down what was refused.
      visitor.behaviour.faults.length = 0;
    });
  });
}

const alerted = (title: string) => (page: Page) => page.getByRole('alert').getByText(title).first().waitFor();
interface Stateful { readonly what: string; readonly answer: { readonly status: number; readonly title: string } | undefined; readonly says: (page: Page) => Promise<void> }
const STATES: readonly Stateful[] = [
  { what: 'says that it is loading', answer: undefined, says: (page) => page.getByRole('status', { name: 'Loading' }).first().waitFor() },
  { what: 'says that the role may not see it', answer: { status: 403, title: 'not for this role' }, says: alerted('Your role may not see this') },
  { what: 'says that a part does not answer', answer: { status: 503, title: 'not now' }, says: alerted('A part of vmdns does not answer now') },
];

/** What happens, as it happens; in the end its gateway is killed. */
export function logStories(world: () => ConsoleWorld): void {
  describe('the log', () => {
    const guest = eachWithVisitor(world);
    it('shows what happens as it happens, holds still on demand, and opens to the command and the VM', async () => {
      const { page } = guest;
      const { stack } = world();
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
      await entry.getByRole('link', { name: 'tail2.night.test.' }).waitFor();
      await entry.getByRole('link', { name: 'tail-vm' }).click();
      await page.getByRole('heading', { name: 'tail-vm' }).waitFor();
    });

    it('says so when the live feed breaks, and resumes by itself', async () => {
      const { page } = guest;
      const { stack } = world();
      await signIn(page, stack.token, '/log');
      await page.getByText('live', { exact: true }).waitFor();
      const overview = await page.context().newPage();
      await overview.goto('/');
      await overview.getByRole('region', { name: 'The way of a fact' }).waitFor();
      await stack.service('gateway').kill();
      await page.getByText('The live feed is broken').waitFor();
      await overview.getByText('vmdns does not answer now').waitFor();
      await stack.service('gateway').restart();
      await page.getByText('live', { exact: true }).waitFor({ timeout: 60_000 });
      await overview.getByText('vmdns does not answer now').waitFor({ state: 'detached', timeout: 60_000 });
      const missed = await stack.gateway.publish('resumed', { fqdn: 'resumed.night.test', addresses: [{ ip: '192.0.2.98' }] }, 60_000);
      expect(missed.live).toBe(true);
      await page.getByRole('region', { name: 'Log entries' }).getByText('resumed.night.test.').first().waitFor();
      // The browser itself wrote down that nobody answered.
      guest.visitor.behaviour.faults.length = 0;
    });
  });
}
