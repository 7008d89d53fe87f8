import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { formSchemaOf, runTurn, secretFieldsOf, type ZonePort } from '@vmdns/provider-kit';
import { rr, statesOf, Story } from '@vmdns/provider-kit/testing';
import type { FakeHestia } from '../fake/fake-hestia.js';
import type { FakeZone } from '../fake/fake-zone.js';
import { connectionTo, KEY, PASSWORD, startFake, USER, type SignIn } from '../fake/hestiacp-harness.js';
import { hestiacp, hestiacpProvider } from './hestiacp.provider.js';
import { dnsServerOf, HestiacpConnection, HestiacpZoneSettings } from './hestiacp.settings.js';

const ZONE = 'example.com', APEX = 'example.com.';
const FAST = { baseMs: 5_000, perRecordMs: 1 };
const never = new AbortController().signal;
const vm = (n: number | string): string => `vm${n}.${APEX}`;
const a = (n: number | string, ...values: readonly string[]) => rr(vm(n), 'A', 300, ...(values.length === 0 ? ['192.0.2.1'] : values));

describe('one zone at a HestiaCP', () => {
  let fake: FakeHestia;
  let zone: FakeZone;
  const start = async (version: '1.9.4' | '1.10.3' = '1.10.3'): Promise<void> => {
    fake = await startFake(version);
    zone = fake.commands.addZone(USER, ZONE);
    zone.rows.push(zone.row({ ID: '3', RECORD: '@', TYPE: 'A', VALUE: '192.0.2.80' }));
  };
  beforeEach(() => start());
  afterEach(() => fake.stop());
  const storyOf = (mode: SignIn = 'access-key', settings: object = {}, more: Readonly<Record<string, unknown>> = {}) =>
    new Story(hestiacpProvider(FAST), APEX, { connection: connectionTo(fake, mode, more), settings: HestiacpZoneSettings.parse(settings) });
  const portOf = (mode: SignIn = 'access-key'): ZonePort => hestiacpProvider(FAST).open(connectionTo(fake, mode), APEX, HestiacpZoneSettings.parse({}));
  const writes = (): readonly string[] => fake.calls.filter((call) => !call.command.startsWith('v-list-')).map((call) => [call.command, ...call.args.slice(2)].join(' '));
  const again = async (version: '1.9.4' | '1.10.3'): Promise<void> => { await fake.stop(); await start(version); };

  it('a change is one command with an id above all, no restart, and a TTL; the zone is listed once before', async () => {
    const story = storyOf();
    await story.want({ [vm(1)]: [a(1)] });
    await story.want({ [vm(1)]: [a(1, '192.0.2.2')] });
    await story.want({ [vm(1)]: [] });
    expect(writes()).toEqual(['v-add-dns-record vm1 A 192.0.2.1  4 no 300', 'v-change-dns-record 4 vm1 A 192.0.2.2  no 300', 'v-delete-dns-record 4 no']);
    fake.calls.length = 0;
    await story.want({ [vm(2)]: [a(2)] });
    expect(fake.calls.map((call) => call.command)).toEqual(['v-list-dns-domain', 'v-list-dns-records', 'v-add-dns-record', 'v-list-dns-domain']);
  });

  it('L12: while the serial stands still, one short reading is all', async () => {
    const story = storyOf();
    await story.want({ [vm(1)]: [a(1)] });
    fake.calls.length = 0;
    const outcome = await story.want({ [vm(1)]: [a(1)] });
    expect([fake.calls.map((call) => call.command), outcome.calls.writes]).toEqual([['v-list-dns-domain'], 0]);
  });

  it.each(['access-key', 'password'] as const)('an id that somebody took meanwhile: another is taken (%s)', async (mode) => {
    const story = storyOf(mode);
    const port = portOf(mode);
    await port.readNames([vm(1)], never);
    zone.rows.push(zone.row({ ID: '4', RECORD: 'theirs', TYPE: 'A', VALUE: '192.0.2.200' }));
    await port.write([{ kind: 'put', rrset: a(1) }], new Map(), never);
    expect(zone.rows.map((row) => `${row.ID} ${row.RECORD}`)).toEqual(['1 @', '2 @', '3 @', '4 theirs', '5 vm1']);
    expect(statesOf(await story.want({ [vm(1)]: [a(1)] }))).toEqual(['applied']);
  });

  it.each(['access-key', 'password'] as const)('L4: an add that reached the panel twice makes one record, which is ours (%s)', async (mode) => {
    const run = fake.commands.run.bind(fake.commands);
    fake.commands.run = async (command, args) => {
      if (command === 'v-add-dns-record') await run(command, args);
      return run(command, args);
    };
    const story = storyOf(mode);
    expect(statesOf(await story.want({ [vm(1)]: [a(1)] }))).toEqual(['applied']);
    expect(zone.rows.map((row) => `${row.ID} ${row.RECORD}`)).toEqual(['1 @', '2 @', '3 @', '4 vm1']);
    expect(statesOf(await story.want({ [vm(1)]: [] }))).toEqual(['applied']);
    expect(zone.rows).toHaveLength(3);
  });

  it.each(['access-key', 'password'] as const)('removing what somebody removed meanwhile is done, and changing it is decided anew (%s)', async (mode) => {
    const port = portOf(mode);
    zone.rows.push(zone.row({ ID: '9', RECORD: 'vm1', TYPE: 'A', VALUE: '192.0.2.1', TTL: '300' }), zone.row({ ID: '8', RECORD: 'vm2', TYPE: 'A', VALUE: '192.0.2.1', TTL: '300' }));
    await port.readNames([vm(1)], never);
    zone.rows = zone.rows.filter((row) => !['8', '9'].includes(row.ID));
    await port.write([{ kind: 'remove', name: vm(1), type: 'A' }], new Map(), never);
    await port.readNames([vm(2)], never);
    zone.rows.push(zone.row({ ID: '8', RECORD: 'vm2', TYPE: 'A', VALUE: '192.0.2.1', TTL: '300' }));
    await port.readNames([vm(2)], never);
    zone.rows = zone.rows.filter((row) => row.ID !== '8');
    await expect(port.write([{ kind: 'put', rrset: a(2, '192.0.2.2') }], new Map(), never)).rejects.toMatchObject({ kind: 'conflict' });
  });

  it.each(['access-key', 'password'] as const)('"No pending changes" (code 4) is a success (%s)', async (mode) => {
    const port = portOf(mode);
    zone.rows.push(zone.row({ ID: '9', RECORD: 'vm1', TYPE: 'A', VALUE: '192.0.2.1', TTL: '300' }));
    await port.readNames([vm(1)], never);
    zone.rows = zone.rows.map((row) => (row.ID === '9' ? { ...row, VALUE: '192.0.2.2' } : row));
    expect(await port.write([{ kind: 'put', rrset: a(1, '192.0.2.2') }], new Map(), never)).toEqual({ tokenAfter: zone.serial });
  });

  it('the last A record stays, with words, and removals of the others go through', async () => {
    zone.rows = zone.rows.filter((row) => row.TYPE === 'NS');
    fake.commands.touch(zone);
    const story = storyOf();
    await story.want({ [vm(1)]: [a(1)], [vm(2)]: [a(2)] });
    const outcome = await story.want({ [vm(1)]: [], [vm(2)]: [] });
    expect(statesOf(outcome)).toEqual(['applied', 'refused refused-by-provider']);
    expect(outcome.names[1]?.reason).toMatchObject({ text: expect.stringContaining('keeps at least one A record'), hint: expect.stringContaining('every hour') });
    expect(writes().filter((call) => call.startsWith('v-delete'))).toHaveLength(1);
  });

  it.each(['access-key', 'password'] as const)('a full package (code 8) is a full zone: one probe, removals go on, and what was begun stays ours (%s)', async (mode) => {
    const story = storyOf(mode);
    await story.want({ [vm(1)]: [a(1)], [vm(2)]: [a(2)] });
    const user = fake.commands.users.get(USER);
    if (user !== undefined) user.recordsMax = zone.rows.length;
    fake.calls.length = 0;
    const outcome = await story.want({ [vm(1)]: [a(1, '192.0.2.9')], [vm(3)]: [a(3)], [vm(4)]: [a(4)], [vm(5)]: [a(5)] });
    expect(statesOf(outcome)).toEqual(['applied', 'failed zone-full', 'failed zone-full', 'failed zone-full']);
    expect(writes().filter((call) => call.startsWith('v-add'))).toHaveLength(1);
    if (user !== undefined) user.recordsMax = zone.rows.length + 1;
    await story.want({ [vm(6)]: [a(6, '192.0.2.1', '192.0.2.2')] });
    expect(story.owns(vm(6))).toEqual(['A']);
    if (user !== undefined) user.recordsMax = 'unlimited';
    const healed = await story.want({ [vm(6)]: [a(6, '192.0.2.1', '192.0.2.2')] });
    expect([statesOf(healed), healed.reports, await story.read(vm(6))]).toEqual([['applied'], [], [a(6, '192.0.2.1', '192.0.2.2')]]);
  });

  it.each([['the zone', () => { zone.suspended = true; }], ['the user', () => { const user = fake.commands.users.get(USER); if (user !== undefined) user.suspended = true; }]] as const)('suspended, %s: said in words, and nothing is written', async (_what, suspend) => {
    suspend();
    const outcome = await storyOf().want({ [vm(1)]: [a(1)] });
    expect(outcome.names[0]).toMatchObject({ state: 'failed', reason: { code: 'zone-missing', text: expect.stringContaining('suspended'), hint: expect.stringContaining('Unsuspend') } });
    expect(zone.rows).toHaveLength(3);
  });

  it('a suspended record of theirs stays, and refuses ours at that name and type', async () => {
    zone.rows.push(zone.row({ ID: '9', RECORD: 'vm1', TYPE: 'A', VALUE: '192.0.2.7', SUSPENDED: 'yes' }));
    fake.commands.touch(zone);
    expect(statesOf(await storyOf().want({ [vm(1)]: [a(1)] }))).toEqual(['refused foreign-record']);
    expect(zone.rows.at(-1)).toMatchObject({ ID: '9', SUSPENDED: 'yes', VALUE: '192.0.2.7' });
  });

  it('L4: what two writers without a lock left (one id twice) is never changed by that id', async () => {
    zone.rows.push(zone.row({ ID: '9', RECORD: 'vm1', TYPE: 'A', VALUE: '192.0.2.1', TTL: '300' }), zone.row({ ID: '9', RECORD: 'theirs', TYPE: 'A', VALUE: '192.0.2.2', TTL: '300' }));
    fake.commands.touch(zone);
    const story = storyOf();
    story.forgetOutcome(vm(1), [a(1)]);
    const outcome = await story.want({ [vm(1)]: [] });
    expect([statesOf(outcome), outcome.names[0]?.reason?.text, zone.rows]).toEqual([['refused refused-by-provider'], expect.stringContaining('id 9 is also that of another record'), expect.arrayContaining([expect.objectContaining({ RECORD: 'theirs' })])]);
  });

  it('SOA and NS at the apex never leave this house, whoever asks', async () => {
    await expect(portOf().write([{ kind: 'remove', name: APEX, type: 'NS' }], new Map(), never)).rejects.toMatchObject({ kind: 'refused' });
    expect(writes()).toEqual([]);
  });

  it('somebody else\'s change between two of ours is noticed by the serial', async () => {
    const story = storyOf();
    await story.want({ [vm(1)]: [a(1)] });
    const inner = story.open();
    fake.answers.length = 0;
    const outcome = await runTurn({
      provider: 'hestiacp', apex: APEX, capabilities: hestiacp.capabilities, mode: 'write', knowledge: { token: null, zoneSize: null },
      due: [{ name: vm(2), wanted: [a(2)], owned: {}, writing: [], foreign: [] }],
      zone: new Proxy(inner, { get: (target, key) => {
        const own: unknown = Reflect.get(target, key);
        if (key !== 'write') return typeof own === 'function' ? own.bind(target) as unknown : own;
        return (...args: Parameters<ZonePort['write']>) => { fake.commands.touch(zone); return inner.write(...args); };
      } }),
    }, never);
    expect([statesOf(outcome), outcome.reports.map((report) => report.kind)]).toEqual([['applied'], ['other-writer']]);
  });

  it.each(['access-key', 'password'] as const)('1.9: a row that breaks the panel\'s own listing is told, with what to do (%s)', async (mode) => {
    await again('1.9.4');
    zone.rows.push(zone.row({ ID: '9', RECORD: 'note', TYPE: 'TXT', VALUE: "\"it's\"" }));
    fake.commands.touch(zone);
    const outcome = await storyOf(mode).want({ [vm(1)]: [a(1)] });
    expect(outcome.failure).toMatchObject({ kind: 'missing-zone', message: expect.stringContaining('cannot list this zone to its end'), detail: { hint: expect.stringContaining('apostrophe') } });
    expect(writes()).toEqual([]);
  });

  it('1.9: the hundredth change of a day is not sent, for BIND would refuse its serial; the next day it is', async () => {
    await again('1.9.4');
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    zone.serial = `${day}97`;
    const story = storyOf();
    const outcome = await story.want({ [vm(1)]: [a(1)], [vm(2)]: [a(2)], [vm(3)]: [a(3)] });
    expect(statesOf(outcome)).toEqual(['applied', 'applied', 'failed zone-full']);
    expect(outcome.names[2]?.reason).toMatchObject({ text: expect.stringContaining('99 changes of a zone a day'), hint: expect.stringContaining('next day') });
    expect(zone.serial).toBe(`${day}99`);
    fake.commands.today = () => new Date(Date.now() + 2 * 86_400_000);
    zone.serial = '2026010199';
    expect(statesOf(await story.want({ [vm(3)]: [a(3)] }))).toEqual(['applied']);
  });

  it('L5: the panel\'s cost grows with the zone, so the time that a call is given does too', async () => {
    const definition = hestiacpProvider({ baseMs: 60_000, perRecordMs: 500 });
    const port = definition.open(connectionTo(fake, 'access-key'), APEX, HestiacpZoneSettings.parse({}));
    expect(port.callLifeMs).toBe(60_000);
    for (let at = 0; at < 400; at += 1) zone.rows.push(zone.row({ ID: zone.nextId, RECORD: `x${at}`, TYPE: 'A', VALUE: '192.0.2.5' }));
    await port.readNames([vm(1)], never);
    expect([port.callLifeMs, definition.capabilities]).toMatchObject([60_000 + 403 * 500, { overlap: 'harmful', verify: 'dns', callLifeMs: 60_000 }]);
  });

  it('a slow panel is waited for as long as its zone is large', async () => {
    fake.commands.latencyMs = 1_500;
    for (let at = 0; at < 300; at += 1) zone.rows.push(zone.row({ ID: zone.nextId, RECORD: `x${at}`, TYPE: 'A', VALUE: '192.0.2.5' }));
    const patient = new Story(hestiacpProvider({ baseMs: 1_000, perRecordMs: 20 }), APEX, { connection: connectionTo(fake, 'access-key'), settings: HestiacpZoneSettings.parse({}) });
    const hasty = new Story(hestiacpProvider({ baseMs: 1_000, perRecordMs: 0 }), APEX, { connection: connectionTo(fake, 'access-key'), settings: HestiacpZoneSettings.parse({}) });
    fake.commands.touch(zone);
    expect((await hasty.want({ [vm(1)]: [a(1)] })).names[0]).toMatchObject({ state: 'unconfirmed', inDoubt: true });
    // PHP goes on when the caller has hung up.
    expect(statesOf(await patient.want({ [vm(2)]: [a(2)] }))).toEqual(['applied']);
    expect(zone.rows.filter((row) => row.RECORD.startsWith('vm')).map((row) => row.RECORD).sort()).toEqual(['vm1', 'vm2']);
  });

  it('a listing that was cut removes nothing and is tried again', async () => {
    const story = storyOf();
    await story.want({ [vm(1)]: [a(1)] });
    fake.commands.touch(zone);
    fake.cutsListings = true;
    const outcome = await story.want({ [vm(1)]: [] });
    expect([statesOf(outcome), outcome.failure?.kind, zone.rows.length]).toEqual([['failed provider-unreachable'], 'retry', 4]);
  });
});

describe('L9: what HestiaCP says success for need not be served', () => {
  let fake: FakeHestia;
  let zone: FakeZone;
  beforeEach(async () => {
    fake = await startFake('1.10.3');
    zone = fake.commands.addZone(USER, ZONE);
    zone.rows.push(zone.row({ ID: '3', RECORD: '@', TYPE: 'A', VALUE: '192.0.2.80' }));
    fake.commands.touch(zone);
  });
  afterEach(() => fake.stop());
  const storyOf = (more: Readonly<Record<string, unknown>> = {}, settings: object = {}) => new Story(hestiacpProvider(FAST), APEX, { connection: connectionTo(fake, 'access-key', more), settings: HestiacpZoneSettings.parse(settings) });

  it.each([
    ['a CNAME beside other data', { RECORD: '@', TYPE: 'CNAME', VALUE: 'elsewhere.example.net.' }, /record 9 \(example\.com\. CNAME\) stands beside other records/],
    ['a huge TTL', { RECORD: 'x', TYPE: 'A', VALUE: '192.0.2.9', TTL: '99999999999' }, /record 9 \(x\.example\.com\. A\) has the TTL 99999999999/],
  ] as const)('a zone stuck by %s: the record that does it is named, and when it is gone all is live', async (_what, row, words) => {
    const story = storyOf();
    zone.rows.push(zone.row({ ID: '9', ...row }));
    fake.commands.touch(zone);
    const outcome = await story.want({ [vm(1)]: [a(1)], [vm(2)]: [a(2)] });
    expect(statesOf(outcome)).toEqual(['unconfirmed unconfirmed', 'unconfirmed unconfirmed']);
    expect(outcome.names[0]?.reason).toMatchObject({ text: expect.stringMatching(/still serves the zone with serial \d+, while HestiaCP is at \d+: BIND has not loaded it since/), hint: expect.stringMatching(words) });
    zone.rows = zone.rows.filter((one) => one.ID !== '9');
    fake.commands.touch(zone);
    // The host asks again because the outcome was unconfirmed.
    const confirmed = await runTurn({
      provider: 'hestiacp', apex: APEX, zone: story.open(), capabilities: hestiacp.capabilities, mode: 'write', knowledge: { token: null, zoneSize: null },
      due: [{ name: vm(1), wanted: [a(1)], owned: outcome.names[0]?.owned ?? {}, writing: [], foreign: [], confirm: true }],
    }, never);
    expect([statesOf(confirmed), confirmed.calls.writes]).toEqual([['applied'], 0]);
  });

  it('a change of the TTL alone is not taken for served while the serial stands still', async () => {
    const story = storyOf();
    await story.want({ [vm(1)]: [a(1)] });
    fake.commands.reloads = false;
    expect(statesOf(await story.want({ [vm(1)]: [rr(vm(1), 'A', 600, '192.0.2.1')] }))).toEqual(['unconfirmed unconfirmed']);
  });

  it('a name server that does not answer, or not for this zone, is told with its address', async () => {
    fake.named.isSilent = true;
    const silent = await storyOf().want({ [vm(1)]: [a(1)] });
    expect([statesOf(silent), silent.names[0]?.reason?.hint]).toEqual([['unconfirmed unconfirmed'], expect.stringContaining(fake.named.address)]);
    const other = await startFake('1.10.3');
    try {
      const wrong = await storyOf({}, { dnsServer: other.named.address }).want({ [vm(2)]: [a(2)] });
      expect(wrong.names[0]?.reason?.text).toContain(`${other.named.address} does not serve ${APEX} (REFUSED)`);
    } finally {
      await other.stop();
    }
  });
});

describe('the connection to a HestiaCP', () => {
  let fake: FakeHestia;
  beforeEach(async () => {
    fake = await startFake('1.10.3');
    fake.commands.addZone(USER, ZONE);
  });
  afterEach(() => fake.stop());
  const headOf = (connection: HestiacpConnection): Promise<unknown> => {
    const port = hestiacpProvider({ baseMs: 2_000, perRecordMs: 0 }).open(connection, APEX, HestiacpZoneSettings.parse({}));
    return port.readNames([vm(1)], never);
  };

  it.each([
    ['nothing given', (): Record<string, unknown> => ({ fingerprint: undefined }), /self-signed and not trusted/],
    ['another fingerprint', () => ({ fingerprint: 'ab'.repeat(32) }), /not the pinned one/],
    ['another CA', () => ({ fingerprint: undefined, ca: `-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----` }), /panel|certificate|connection failed/],
  ] as const)('L10: a certificate that is not trusted gets no secret: %s', async (_what, tls, words) => {
    await expect(headOf(connectionTo(fake, 'access-key', tls()))).rejects.toMatchObject({ kind: 'retry', message: expect.stringMatching(words) });
    expect(fake.calls).toEqual([]);
  });

  it('is trusted by its fingerprint in any spelling, or by the certificate itself; also on the second connection', async () => {
    for (const tls of [{ fingerprint: fake.tls.fingerprint.toLowerCase().replaceAll(':', '') }, { fingerprint: undefined, ca: fake.tls.cert }]) {
      const port = hestiacpProvider(FAST).open(connectionTo(fake, 'access-key', tls), APEX, HestiacpZoneSettings.parse({}));
      await port.readNames([vm(1)], never);
      await fake.kill();
      await fake.revive();
      await expect(port.readNames([vm(1)], never)).resolves.toBeDefined();
    }
  });

  it.each([
    ['a wrong key', 'access-key', { secretKey: 'x'.repeat(40) }, (): void => undefined, 'credentials', /key or password/],
    ['a wrong password', 'password', { password: 'another-password' }, (): void => undefined, 'credentials', /key or password/],
    ['a caller that is not on the list', 'access-key', {}, () => { fake.allowsCaller = false; }, 'credentials', /does not allow this caller/],
    ['a caller that is not on the list', 'password', {}, () => { fake.allowsCaller = false; }, 'credentials', /does not allow this caller/],
    ['the API switched off', 'access-key', {}, () => { fake.apiSystem = 0; }, 'credentials', /switched off/],
    ['the API switched off', 'password', {}, () => { fake.api = false; }, 'credentials', /switched off/],
    ['the API switched off for users', 'access-key', {}, () => { fake.apiSystem = 1; }, 'credentials', /switched off for this user/],
    ['another user than the key\'s', 'access-key', { user: 'somebody' }, (): void => undefined, 'credentials', /does not allow/],
    ['a user that does not exist', 'password', { user: 'somebody' }, (): void => undefined, 'missing-zone', /user or the zone does not exist/],
  ] as const)('%s (%s) is told as what it is', async (_what, mode, more, prepare, kind, words) => {
    prepare();
    const error: unknown = await headOf(connectionTo(fake, mode, more)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind, message: expect.stringMatching(words) });
    expect(JSON.stringify([String(error), error])).not.toMatch(new RegExp(`${KEY.secret}|${PASSWORD}|another-password`));
  });

  it('a zone of another user, with a slash, or not there at all is a missing zone', async () => {
    const open = (apex: string): Promise<unknown> => hestiacpProvider(FAST).open(connectionTo(fake, 'access-key'), apex, HestiacpZoneSettings.parse({})).readNames([], never);
    await expect(open('example.org.')).rejects.toMatchObject({ kind: 'missing-zone' });
    await expect(open('0/26.2.0.192.in-addr.arpa.')).rejects.toMatchObject({ kind: 'missing-zone', detail: { hint: expect.stringContaining('"-"') } });
  });

  it('L10: the form hides its secrets, and says what each way to sign in needs', () => {
    expect(secretFieldsOf(HestiacpConnection)).toEqual(['accessKey', 'secretKey', 'password']);
    const fields = (formSchemaOf(HestiacpConnection) as { properties: Record<string, { title?: string; description?: string }> }).properties;
    expect(Object.entries(fields).filter(([, field]) => field.title === undefined || field.description === undefined)).toEqual([]);
    const base = { url: 'https://panel.example.net:8083/', user: 'dns' };
    const faults = (typed: object): readonly string[] => HestiacpConnection.safeParse({ ...base, ...typed }).error?.issues.map((issue) => issue.path.join('.')) ?? [];
    expect([faults({}), faults({ mode: 'password' }), faults({ mode: 'password', password: 'x' }), faults({ accessKey: 'a', secretKey: 's' })]).toEqual([['accessKey', 'secretKey'], ['password'], [], []]);
    expect([faults({ url: 'http://panel.example.net', accessKey: 'a', secretKey: 's' }), faults({ fingerprint: 'abc', accessKey: 'a', secretKey: 's' })]).toEqual([['url'], ['fingerprint']]);
  });

  it('L10: a legacy key has no field of its own, and put where the access key belongs it is refused, with what to do and without itself', () => {
    const base = { url: 'https://panel.example.net:8083/', user: 'dns' };
    const legacyKey = 'Zq7d0aB1c2D3e4F5g6H7i8J9k0L1m2N3';
    const words = (typed: object): string => HestiacpConnection.safeParse({ ...base, ...typed }).error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') ?? 'taken';
    expect(words({ hash: legacyKey, accessKey: KEY.id, secretKey: KEY.secret })).toContain('hash');
    for (const typed of [{ accessKey: legacyKey }, { accessKey: legacyKey, secretKey: 'x' }]) {
      expect(words(typed)).toContain("accessKey: looks like a legacy API key (32 characters), which vmdns does not use: make an access key, or sign in with the administrator's password");
      expect(words(typed)).not.toContain(legacyKey);
    }
    expect(words({ accessKey: KEY.id, secretKey: KEY.secret })).toBe('taken');
  });

  it('the target is the panel, the user and the zone; the name server is the panel\'s own unless told otherwise', () => {
    const connection = HestiacpConnection.parse({ url: 'https://panel.example.net:8083/api/', user: 'dns', accessKey: 'a', secretKey: 's' });
    const settings = HestiacpZoneSettings.parse({});
    expect(hestiacp.target(connection, APEX, settings)).toBe('hestiacp|https://panel.example.net:8083|dns|example.com.');
    expect([dnsServerOf(connection, settings), dnsServerOf({ ...connection, dnsServer: '[2001:db8::53]:5353' }, settings), dnsServerOf({ ...connection, dnsServer: 'a' }, { ...settings, dnsServer: 'b:54' })]).toEqual([
      { host: 'panel.example.net', port: 53 }, { host: '2001:db8::53', port: 5353 }, { host: 'b', port: 54 },
    ]);
    expect(hestiacp.limiter(connection)).toEqual({ key: 'hestiacp|https://panel.example.net:8083|dns', inFlightMax: 1 });
  });
});
