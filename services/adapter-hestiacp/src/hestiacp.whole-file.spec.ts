import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { rr, statesOf, Story } from '@vmdns/provider-kit/testing';
import type { FakeHestia } from '../fake/fake-hestia.js';
import type { FakeRow, FakeZone } from '../fake/fake-zone.js';
import { connectionTo, startFake, USER, type SignIn } from '../fake/hestiacp-harness.js';
import { hestiacpProvider } from './hestiacp.provider.js';
import { HestiacpZoneSettings } from './hestiacp.settings.js';

const APEX = '2.0.192.in-addr.arpa.';
const FAST = { baseMs: 5_000, perRecordMs: 1 };
const ptr = (n: number, host = `vm${n}.example.com.`) => rr(`${n}.${APEX}`, 'PTR', 3600, host);
const wishes = (from: number, to: number, host?: (n: number) => string) => Object.fromEntries(Array.from({ length: to - from }, (_, at) => [`${from + at}.${APEX}`, [ptr(from + at, host?.(from + at))]]));

describe.each([['1.10.3', 'access-key'], ['1.10.3', 'password'], ['1.9.4', 'access-key'], ['1.9.4', 'password']] as const)('a zone written as a whole file (%s, %s)', (version, mode: SignIn) => {
  let fake: FakeHestia;
  let zone: FakeZone;
  let story: Story<unknown, unknown>;
  beforeEach(async () => {
    fake = await startFake(version);
    zone = fake.commands.addZone(USER, APEX.slice(0, -1));
    story = new Story(hestiacpProvider(FAST), APEX, { connection: connectionTo(fake, mode), settings: HestiacpZoneSettings.parse({ writes: 'whole-file' }) }) as unknown as Story<unknown, unknown>;
  });
  afterEach(() => fake.stop());
  const commands = (): readonly string[] => fake.calls.map((call) => call.command).filter((command) => !command.startsWith('v-list-'));
  const plant = (row: Partial<FakeRow> & Pick<FakeRow, 'RECORD' | 'TYPE' | 'VALUE'>): void => {
    zone.rows.push(zone.row({ ID: zone.nextId, ...row }));
    fake.commands.touch(zone);
  };

  it('takes 200 names in three calls and one serial, and reads every row back', async () => {
    const before = zone.serial;
    const outcome = await story.want(wishes(1, 201));
    expect(new Set(statesOf(outcome))).toEqual(new Set(['applied']));
    expect(commands()).toEqual(['v-make-tmp-file', 'v-insert-dns-records', 'v-rebuild-dns-domain']);
    expect(Number(zone.serial) - Number(before)).toBe(1);
    expect(fake.calls.at(-2)?.command).toBe('v-list-dns-records');
    expect(zone.rows.slice(0, 3).map((row) => `${row.ID} ${row.RECORD} ${row.TYPE} ${row.VALUE} ${row.TTL ?? ''}`)).toEqual(['1 @ NS ns1.panel.example. ', '2 @ NS ns2.panel.example. ', '3 1 PTR vm1.example.com. 3600']);
    expect((await story.want(wishes(1, 201))).calls.writes).toBe(0);
  });

  it('changes, adds and removes in one file; ids and rows of the others stay', async () => {
    await story.want(wishes(1, 21));
    const ids = zone.rows.map((row) => `${row.ID} ${row.RECORD}`);
    const outcome = await story.want({ ...wishes(1, 3, (n) => `new${n}.example.com.`), [`5.${APEX}`]: [], ...wishes(100, 102) });
    expect(new Set(statesOf(outcome))).toEqual(new Set(['applied']));
    expect(zone.rows.map((row) => `${row.ID} ${row.RECORD}`)).toEqual([...ids.filter((id) => !id.endsWith(' 5')), '23 100', '24 101']);
    expect(await story.read(`1.${APEX}`)).toEqual([ptr(1, 'new1.example.com.')]);
    for (const n of [2, 100]) expect(zone.rows.some((row) => row.RECORD === String(n))).toBe(true);
  });

  it('any record that is not ours refuses the whole zone before anything is sent, by name; when it has gone, all goes on', async () => {
    await story.want(wishes(1, 5));
    for (const foreign of [{ RECORD: 'theirs', TYPE: 'A', VALUE: '192.0.2.9' }, { RECORD: '@', TYPE: 'TXT', VALUE: '"x"' }, { RECORD: '77', TYPE: 'PTR', VALUE: 'theirs.example.net.' }, { RECORD: '1', TYPE: 'PTR', VALUE: 'vm1.example.com.', SUSPENDED: 'yes' as const }]) {
      plant(foreign);
      fake.calls.length = 0;
      const outcome = await story.want(wishes(50, 52));
      expect([new Set(statesOf(outcome)), commands()]).toEqual([new Set(['failed zone-missing']), []]);
      expect(outcome.names[0]?.reason).toMatchObject({ text: expect.stringContaining('1 records in it are not of vmdns'), hint: expect.stringContaining('writes: record') });
      zone.rows.pop();
      fake.commands.touch(zone);
    }
    expect(new Set(statesOf(await story.want(wishes(50, 52))))).toEqual(new Set(['applied']));
  });

  it('L9: a file that the panel lost on the way, or kept only half of, is noticed and mended', async () => {
    await story.want(wishes(1, 5));
    const run = fake.commands.run.bind(fake.commands);
    let isBroken = true;
    fake.commands.run = async (command, args) => {
      const result = await run(command, args);
      if (command === 'v-rebuild-dns-domain' && isBroken) zone.rows = zone.rows.slice(0, -2);
      return result;
    };
    const outcome = await story.want(wishes(10, 15));
    expect([outcome.failure?.message, outcome.names.every((one) => one.inDoubt)]).toEqual([expect.stringContaining('were written, and they differ'), true]);
    isBroken = false;
    expect(new Set(statesOf(await story.want({ ...wishes(1, 5), ...wishes(10, 15) })))).toEqual(new Set(['applied']));
    expect(zone.rows).toHaveLength(2 + 4 + 5);
  });

  it('a writer that ended between file and rebuild: what is in the file is made served', async () => {
    const run = fake.commands.run.bind(fake.commands);
    fake.commands.run = (command, args) => (command === 'v-rebuild-dns-domain' ? Promise.resolve({ code: 15, output: 'Error: no' }) : run(command, args));
    expect((await story.want(wishes(1, 3))).names[0]).toMatchObject({ state: 'unconfirmed', inDoubt: true });
    fake.commands.run = run;
    // The host asks the name server of what was in doubt; the story has no such state, so the verb itself is asked.
    const port = story.open();
    await port.readNames([`1.${APEX}`], new AbortController().signal);
    const ask = () => port.askDns?.([{ name: `1.${APEX}`, type: 'PTR', values: ['vm1.example.com.'] }], new AbortController().signal);
    expect(await ask()).toHaveLength(1);
    expect(await ask()).toEqual([]);
  });

  it('L4: a rebuild that the panel does not allow, once the file is there: in doubt, so that what is in it stays known as ours', async () => {
    const run = fake.commands.run.bind(fake.commands);
    fake.commands.run = (command, args) => (command === 'v-rebuild-dns-domain' ? Promise.resolve({ code: 10, output: "Error: Key don't have permission" }) : run(command, args));
    const outcome = await story.want(wishes(1, 3));
    expect([outcome.names.every((one) => one.inDoubt), outcome.failure?.message]).toEqual([true, expect.stringContaining('the file is in place')]);
    fake.commands.run = run;
    await story.want(wishes(1, 3));
    expect(story.owns(`1.${APEX}`)).toEqual(['PTR']);
  });

  it('L7: one wish that cannot be stands alone, the others are in the file', async () => {
    const outcome = await story.want({ ...wishes(1, 30), [`13.${APEX}`]: [rr(`13.${APEX}`, 'PTR', 3600, 'localhost.')] });
    expect(outcome.names.filter((one) => one.state !== 'applied').map((one) => [one.name, one.state])).toEqual([[`13.${APEX}`, 'refused']]);
  });
});
