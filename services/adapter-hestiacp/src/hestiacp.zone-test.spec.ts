import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TestStep } from '@vmdns/provider-kit';
import { FakeHestia, type FakeKey } from '../fake/fake-hestia.js';
import type { FakeZone } from '../fake/fake-zone.js';
import { connectionTo, KEY, PASSWORD, startFake, USER } from '../fake/hestiacp-harness.js';
import { hestiacp } from './hestiacp.provider.js';
import { HestiacpZoneSettings, type HestiacpConnection } from './hestiacp.settings.js';

const ZONE = 'example.com';
const STEPS = ['panel', 'version', 'records', 'permissions', 'package', 'cost', 'serial', 'name server'];

describe('testing a zone at HestiaCP', () => {
  let fake: FakeHestia;
  let zone: FakeZone;
  const begin = async (version: '1.9.4' | '1.10.3' = '1.10.3', keys?: readonly FakeKey[]): Promise<void> => {
    if (keys === undefined) fake = await startFake(version);
    else {
      fake = await FakeHestia.start({ version, password: PASSWORD, keys });
      fake.commands.addUser(USER);
    }
    zone = fake.commands.addZone(USER, ZONE);
  };
  beforeEach(() => begin());
  afterEach(() => fake.stop());
  const run = async (more: Readonly<Record<string, unknown>> = {}, o: { apex?: string; settings?: object; mode?: 'password' | 'access-key' } = {}): Promise<readonly TestStep[]> => {
    const connection: HestiacpConnection = connectionTo(fake, o.mode ?? 'access-key', more);
    const steps: TestStep[] = [];
    for await (const step of hestiacp.testZone(connection, o.apex ?? `${ZONE}.`, HestiacpZoneSettings.parse(o.settings ?? {}), new AbortController().signal)) steps.push(step);
    return steps;
  };
  const last = async (...args: Parameters<typeof run>): Promise<TestStep | undefined> => (await run(...args)).at(-1);
  const step = async (name: string, ...args: Parameters<typeof run>): Promise<TestStep | undefined> => (await run(...args)).find((one) => one.step === name);

  it.each(['access-key', 'password'] as const)('all is well: each step says what it saw and how long it took, and nothing was changed (%s)', async (mode) => {
    const before = JSON.stringify([zone.rows, zone.serial]);
    const steps = await run({}, { mode });
    expect(steps.map((one) => one.step)).toEqual(STEPS);
    expect(steps.filter((one) => !one.ok)).toEqual([]);
    expect(steps.every((one) => one.tookMs >= 0 && one.text.endsWith('.'))).toBe(true);
    expect(steps.filter((one) => one.warning === true).map((one) => one.step)).toEqual(mode === 'password' ? ['panel'] : []);
    expect(JSON.stringify([zone.rows, zone.serial])).toBe(before);
    expect(JSON.stringify(steps)).not.toMatch(new RegExp(`${KEY.secret}|${PASSWORD}`));
  });

  it('a certificate that nobody vouched for: its fingerprint is shown, and how to compare it', async () => {
    expect(await last({ fingerprint: undefined })).toMatchObject({ step: 'panel', ok: false, text: expect.stringContaining(fake.tls.fingerprint), hint: expect.stringContaining('openssl x509') });
    expect(fake.calls).toEqual([]);
  });

  it.each([
    ['code 9', { secretKey: 'x'.repeat(40) }, (): void => undefined, /did not accept/, /key/],
    ['code 10', {}, (): void => { fake.allowsCaller = false; }, /does not allow this caller/, /allowed addresses/],
    ['code 11', {}, (): void => { fake.apiSystem = 0; }, /switched off/, /Switch the API on/],
    ['code 21', {}, (): void => { fake.apiSystem = 1; }, /switched off for this user/, /API_SYSTEM=2/],
    ['code 3', {}, (): void => { fake.commands.zones.delete(ZONE); }, /does not exist/, /vmdns never creates zones/],
    ['SUSPENDED', {}, (): void => { zone.suspended = true; }, /suspended/, /Unsuspend/],
    ['nobody there', { url: 'https://127.0.0.1:1' }, (): void => undefined, /refused/, undefined],
  ] as const)('%s ends the test with what to do', async (_what, more, prepare, words, hint) => {
    prepare();
    const steps = await run(more);
    expect(steps).toHaveLength(1);
    expect(steps[0]).toMatchObject({ step: 'panel', ok: false, text: expect.stringMatching(words) });
    if (hint !== undefined && steps[0]?.hint !== undefined) expect(steps[0].hint).toMatch(hint);
  });

  it.each([
    ['an administrator\'s password', 'password', { version: 'auto' }, 'HestiaCP 1.10.3.'],
    ['another than the setting says', 'password', { version: '1.9' }, 'HestiaCP 1.10.3, though the connection says 1.9.'],
    ['a user\'s key may not ask: by the serial', 'access-key', {}, "HestiaCP 1.10 by the zone's serial; this key may not ask the panel."],
    ['a user\'s key, with the setting', 'access-key', { version: '1.10' }, 'HestiaCP 1.10, as the connection says; this key may not ask the panel.'],
  ] as const)('version: %s', async (_what, mode, more, text) => expect((await step('version', more, { mode }))?.text).toBe(text));

  it('a new reverse zone still has the records of the panel\'s template', async () => {
    fake.commands.addZone(USER, '2.0.192.in-addr.arpa', { template: true });
    expect(await step('records', {}, { apex: '2.0.192.in-addr.arpa.' })).toMatchObject({ ok: true, warning: true, text: expect.stringMatching(/www\.2\.0\.192\.in-addr\.arpa\. CNAME/), hint: expect.stringContaining('keeps one A record') });
  });

  it('1.9: a listing that breaks off is told with the way out', async () => {
    await fake.stop();
    await begin('1.9.4');
    zone.rows.push(zone.row({ ID: '9', RECORD: 'x', TYPE: 'TXT', VALUE: 'schön' }));
    expect(await last()).toMatchObject({ step: 'records', ok: false, text: expect.stringContaining('cannot list'), hint: expect.stringContaining('v-rebuild-dns-domain') });
  });

  it('a key with the stock profile may not do it; the commands that are missing are named', async () => {
    await fake.stop();
    await begin('1.10.3', [{ ...KEY, commands: ['v-list-dns-domain', 'v-list-dns-records', 'v-change-dns-record'] }]);
    expect(await last()).toMatchObject({ step: 'permissions', ok: false, text: 'The panel does not allow v-add-dns-record, v-delete-dns-record.', hint: expect.stringContaining('update-dns-records') });
  });

  it('a custom profile with the six DNS commands is enough', async () => {
    await fake.stop();
    await begin('1.10.3', [{ ...KEY, commands: ['v-list-dns-domain', 'v-list-dns-domains', 'v-list-dns-records', 'v-add-dns-record', 'v-change-dns-record', 'v-delete-dns-record'] }]);
    const steps = await run();
    expect([steps.length, steps.filter((one) => !one.ok), steps.find((one) => one.step === 'package')?.text]).toEqual([STEPS.length, [], '2 records are used; this key may not ask for the package\'s limit.']);
  });

  it('a zone that is written as a whole file needs two commands more', async () => {
    await fake.stop();
    const commands = ['v-list-dns-domain', 'v-list-dns-records', 'v-add-dns-record', 'v-change-dns-record', 'v-delete-dns-record', 'v-make-tmp-file'];
    await begin('1.10.3', [{ ...KEY, commands }]);
    const before = zone.serial;
    const missing = async (): Promise<string | undefined> => (await run({}, { settings: { writes: 'whole-file' } })).find((one) => one.step === 'permissions')?.text;
    expect(await missing()).toBe('The panel does not allow v-insert-dns-records, v-rebuild-dns-domain.');
    await fake.stop();
    await begin('1.10.3', [{ ...KEY, commands: [...commands, 'v-insert-dns-records', 'v-rebuild-dns-domain'] }]);
    expect([await missing(), zone.serial]).toEqual(['The key may add, change and delete records.', before]);
  });

  it('the package: used, limit and room', async () => {
    const user = fake.commands.users.get(USER);
    if (user !== undefined) user.recordsMax = 100;
    expect((await step('package'))?.text).toBe('2 records are used of 100 in the package of dns; there is room for 98 more.');
    if (user !== undefined) user.recordsMax = 2;
    expect(await step('package')).toMatchObject({ ok: true, warning: true, text: expect.stringContaining('The zone is full') });
  });

  it('a zone too large for record-by-record work is named, with its time and the ways out', async () => {
    for (let at = 0; at < 400; at += 1) zone.rows.push(zone.row({ ID: zone.nextId, RECORD: `x${at}`, TYPE: 'A', VALUE: '192.0.2.5' }));
    fake.commands.touch(zone);
    expect(await step('cost')).toMatchObject({ ok: true, warning: true, text: expect.stringMatching(/about 101 s with 402 records, and 11 h/), hint: expect.stringContaining('whole-file') });
    expect(await step('cost', {}, { settings: { writes: 'whole-file' } })).toMatchObject({ ok: true, text: expect.stringContaining('share') });
  });

  it('a zone set to whole-file that has other records is refused', async () => {
    zone.rows.push(zone.row({ ID: '9', RECORD: '@', TYPE: 'TXT', VALUE: '"x"' }));
    expect(await last({}, { settings: { writes: 'whole-file' } })).toMatchObject({ step: 'records', ok: false, text: expect.stringContaining('example.com. TXT') });
  });

  it('1.9: how many changes are left today', async () => {
    await fake.stop();
    await begin('1.9.4');
    zone.serial = `${new Date().toISOString().slice(0, 10).replaceAll('-', '')}90`;
    fake.named.reload(zone);
    expect(await step('serial')).toMatchObject({ ok: true, warning: true, text: expect.stringContaining('9 are left today'), hint: expect.stringContaining('1.10') });
  });

  it('a zone that BIND would not load is named before anything is tried', async () => {
    zone.rows.push(zone.row({ ID: '9', RECORD: '@', TYPE: 'CNAME', VALUE: 'x.example.net.' }));
    fake.commands.touch(zone);
    expect(await last()).toMatchObject({ step: 'records', ok: false, text: expect.stringMatching(/BIND does not load this zone.*record 9/) });
  });

  it('the name server: silent, for other zones, or with an old serial', async () => {
    fake.commands.reloads = false;
    fake.commands.touch(zone);
    expect(await last()).toMatchObject({ step: 'name server', ok: false, text: expect.stringContaining('BIND has not loaded it since'), hint: expect.stringContaining('named-checkzone') });
    fake.named.isSilent = true;
    expect(await last()).toMatchObject({ step: 'name server', ok: false, text: expect.stringContaining('No DNS answer') });
  });
});
