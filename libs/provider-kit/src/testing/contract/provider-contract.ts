import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { reverseName } from '@vmdns/domain';
import type { Fault } from '../memory/memory-world.js';
import type { ContractHarness } from './harness.js';
import { rr, statesOf, Story } from './story.js';

const FORWARD = 'contract.example.', OTHER = 'other.example.', BLOCKED = 'blocked.example.';
const REVERSE4 = '2.0.192.in-addr.arpa.', REVERSE6 = '8.b.d.0.1.0.0.2.ip6.arpa.';
const MANY = 260;
/** Longer than any cancelled call may take to stop. */
const STOP_LIMIT_MS = 3_000;

const vm = (label: string, apex = FORWARD): string => `${label}.${apex}`;
const a = (label: string, ...values: readonly string[]) => rr(vm(label), 'A', 300, ...values);

/** What each fault becomes: kind, and whether a write's outcome is open. */
const KINDS: readonly (readonly [Fault, string])[] = [
  ['unauthorized', 'credentials'], ['forbidden', 'credentials'], ['not-found', 'missing-zone'], ['too-many', 'throttled'],
  ['server-error', 'retry'], ['refused-connection', 'retry'], ['garbage', 'retry'], ['slow', 'retry'],
];

/**
 * The contract of every provider (PROVIDERS §11), told as a story: each step starts from the state that the last one
 * left. Steps are left out by declared capability only.
 */
export function providerContract<C, Z>(title: string, start: () => Promise<ContractHarness<C, Z>>): void {
  describe(`The contract of a provider: ${title}`, () => {
    let harness: ContractHarness<C, Z>;
    let forward: Story<C, Z>;
    const stories: Story<C, Z>[] = [];
    const thrown: unknown[] = [];
    const open = async (apex: string): Promise<Story<C, Z>> => {
      const story = new Story(harness.definition, apex, await harness.makeZone(apex));
      stories.push(story);
      return story;
    };
    beforeAll(async () => { harness = await start(); });
    afterAll(async () => { await harness?.stop(); });

    it('1: an empty zone lists as empty; SOA and NS are not ours', async () => {
      forward = await open(FORWARD);
      const before = await harness.witness(FORWARD);
      expect((await forward.readAll()).filter((rrset) => !['SOA', 'NS'].includes(rrset.type) || rrset.name !== FORWARD)).toEqual([]);
      const outcome = await forward.want({ [FORWARD]: [] });
      expect(statesOf(outcome)).toEqual(['applied']);
      expect(outcome.calls.writes).toBe(0);
      expect(statesOf(await forward.want({ [FORWARD]: [rr(FORWARD, 'NS', 300, 'ns.example.org.')] }))).toEqual(['refused not-permitted']);
      expect(await harness.witness(FORWARD)).toEqual(before);
    });

    it('2: an A record appears, and reads back exactly as asked', async () => {
      expect(statesOf(await forward.want({ [vm('web')]: [a('web', '192.0.2.1')] }))).toEqual(['applied']);
      expect(await forward.read(vm('web'))).toEqual([a('web', '192.0.2.1')]);
    });

    it('3, L12: running the same step again writes nothing', async () => {
      const before = await harness.witness(FORWARD);
      const outcome = await forward.want({ [vm('web')]: [a('web', '192.0.2.1')] });
      expect(outcome.calls.writes).toBe(0);
      expect(await harness.witness(FORWARD)).toEqual(before);
    });

    it('4: a value changes; the TTL alone changes; values grow and shrink; another order is no change', async () => {
      for (const wanted of [a('web', '192.0.2.2'), rr(vm('web'), 'A', 600, '192.0.2.2'), rr(vm('web'), 'A', 600, '192.0.2.2', '192.0.2.3', '192.0.2.4'), rr(vm('web'), 'A', 600, '192.0.2.4')]) {
        expect(statesOf(await forward.want({ [vm('web')]: [wanted] }))).toEqual(['applied']);
        expect(await forward.read(vm('web'))).toEqual([wanted]);
      }
      await forward.want({ [vm('web')]: [a('web', '192.0.2.4', '192.0.2.3')] });
      expect((await forward.want({ [vm('web')]: [a('web', '192.0.2.3', '192.0.2.4')] })).calls.writes).toBe(0);
    });

    it('5: an AAAA record in another spelling is no change', async () => {
      await harness.plant(FORWARD, { name: vm('six'), type: 'AAAA', ttl: 300, values: ['2001:0DB8:0:0::0001'] });
      const outcome = await forward.want({ [vm('six')]: [rr(vm('six'), 'AAAA', 300, '2001:db8::1')] });
      expect([statesOf(outcome), outcome.calls.writes, forward.owns(vm('six'))]).toEqual([['applied'], 0, []]);
      await forward.want({ [vm('web6')]: [rr(vm('web6'), 'AAAA', 300, '2001:db8::a:b')] });
      expect((await forward.want({ [vm('web6')]: [rr(vm('web6'), 'AAAA', 300, '2001:db8::a:b')] })).calls.writes).toBe(0);
    });

    it('6: the apex and a wildcard are names like others', async () => {
      const { wildcard } = harness.definition.capabilities;
      for (const name of [FORWARD, vm('*')]) {
        const outcome = await forward.want({ [name]: [rr(name, 'A', 300, '192.0.2.6')] });
        const isTaken = wildcard || name === FORWARD;
        expect(statesOf(outcome)).toEqual([isTaken ? 'applied' : 'refused refused-by-provider']);
        if (isTaken) expect((await forward.read(name)).filter((rrset) => rrset.type === 'A')).toEqual([rr(name, 'A', 300, '192.0.2.6')]);
        expect(statesOf(await forward.want({ [name]: [] }))).toEqual(['applied']);
      }
      expect((await forward.readAll()).filter((rrset) => rrset.name === FORWARD).map((rrset) => rrset.type).sort()).toEqual(['NS', 'SOA']);
    });

    it('7: PTR records in IPv4 and IPv6 reverse zones; one or many values as declared', async () => {
      const { multiplePtr, classlessReverse, types } = harness.definition.capabilities;
      if (!types.includes('PTR')) return;
      for (const [apex, ip] of [[REVERSE4, '192.0.2.77'], [REVERSE6, '2001:db8::77']] as const) {
        const story = await open(apex);
        const name = reverseName(ip);
        const ptr = rr(name, 'PTR', 3600, vm('web'));
        expect(statesOf(await story.want({ [name]: [ptr] }))).toEqual(['applied']);
        expect(await story.read(name)).toEqual([ptr]);
        const two = rr(name, 'PTR', 3600, vm('web'), vm('web6'));
        expect(statesOf(await story.want({ [name]: [two] }))).toEqual([multiplePtr ? 'applied' : 'refused refused-by-provider']);
        expect(await story.read(name)).toEqual([multiplePtr ? two : ptr]);
      }
      const classless = `0/26.${REVERSE4}`;
      if (!classlessReverse) return;
      const story = await open(classless);
      expect(statesOf(await story.want({ [`5.${classless}`]: [rr(`5.${classless}`, 'PTR', 3600, vm('web'))] }))).toEqual(['applied']);
      expect(await story.read(`5.${classless}`)).toEqual([rr(`5.${classless}`, 'PTR', 3600, vm('web'))]);
    });

    it('8: a name changes its type', async () => {
      const name = vm('turns');
      const steps = [a('turns', '192.0.2.8'), rr(name, 'CNAME', 300, vm('web')), rr(name, 'AAAA', 300, '2001:db8::8')].filter((rrset) => harness.definition.capabilities.types.includes(rrset.type));
      for (const wanted of steps) {
        expect(statesOf(await forward.want({ [name]: [wanted] }))).toEqual(['applied']);
        expect(await forward.read(name)).toEqual([wanted]);
      }
    });

    it('9: removing works, and removing what is absent is fine', async () => {
      expect(statesOf(await forward.want({ [vm('turns')]: [] }))).toEqual(['applied']);
      expect(await forward.read(vm('turns'))).toEqual([]);
      expect((await forward.want({ [vm('turns')]: [], [vm('never')]: [] })).calls.writes).toBe(0);
      await forward.want({ [vm('taken')]: [a('taken', '192.0.2.9')] });
      await harness.uproot(FORWARD, vm('taken'), 'A');
      expect(statesOf(await forward.want({ [vm('taken')]: [] }))).toEqual(['applied']);
    });

    it('10, L3, L4: neighbours that we do not own stay byte for byte', async () => {
      await harness.plant(FORWARD, { name: vm('shared'), type: 'TXT', ttl: 120, values: ['"v=spf1 -all"', '"two words; and \\"quotes\\""'] });
      await harness.plant(FORWARD, { name: vm('shared'), type: 'MX', ttl: 120, values: [`10 ${vm('mail')}`] });
      await harness.plant(FORWARD, { name: vm('theirs'), type: 'A', ttl: 120, values: ['192.0.2.250'] });
      const lines = async (): Promise<readonly string[]> => (await harness.witness(FORWARD)).filter((line) => !/\sSOA\s/.test(line));
      const before = await lines();
      await forward.want({ [vm('shared')]: [a('shared', '192.0.2.10')] });
      const refused = await forward.want({ [vm('theirs')]: [a('theirs', '192.0.2.11')] });
      expect(statesOf(refused)).toEqual(['refused foreign-record']);
      expect(refused.names[0]?.reason?.text).toMatch(/192\.0\.2\.250.*192\.0\.2\.11/);
      expect(statesOf(await forward.want({ [vm('theirs')]: [rr(vm('theirs'), 'A', 120, '192.0.2.250')] }))).toEqual(['applied']);
      expect(statesOf(await forward.want({ [vm('theirs')]: [] }))).toEqual(['applied']);
      await forward.want({ [vm('shared')]: [] });
      expect(await lines()).toEqual(before);
    });

    it('11: more records than one page holds', async () => {
      const labels = Array.from({ length: harness.manyNames ?? MANY }, (_, at) => `bulk${at}`);
      const wishes = Object.fromEntries(labels.map((label, at) => [vm(label), [a(label, `198.51.100.${at % 250}`)]]));
      expect(new Set(statesOf(await forward.want(wishes)))).toEqual(new Set(['applied']));
      const held = new Set((await forward.readAll()).map((rrset) => rrset.name));
      expect(labels.filter((label) => !held.has(vm(label)))).toEqual([]);
      expect((await forward.want(wishes)).calls.writes).toBe(0);
      expect(new Set(statesOf(await forward.want(Object.fromEntries(labels.map((label) => [vm(label), []])))))).toEqual(new Set(['applied']));
    });

    it('12: what the capabilities deny is refused without a call', async () => {
      const { ttl } = harness.definition.capabilities;
      for (const wanted of [rr(vm('web'), 'A', ttl.max + 1, '192.0.2.1'), rr(vm('web'), 'MX', 300, `10 ${vm('mail')}`)]) {
        const outcome = await forward.want({ [vm('web')]: [wanted] });
        expect([outcome.names[0]?.state, outcome.calls]).toEqual(['refused', { reads: 0, writes: 0 }]);
      }
      const outside = await forward.want({ 'web.contract.example.org.': [rr('web.contract.example.org.', 'A', 300, '192.0.2.1')] });
      expect([statesOf(outside), outside.calls]).toEqual([['refused not-permitted'], { reads: 0, writes: 0 }]);
    });

    it.each(KINDS)('13, L2: %s becomes the kind "%s", removes nothing, and is over when it is over', async (fault, kind) => {
      const before = await harness.witness(FORWARD);
      // A refusal has no method: the reading before a write meets it first.
      for (const on of fault === 'refused-connection' ? ['reads'] as const : ['reads', 'writes'] as const) {
        await harness.fault(fault, on);
        const wishes = { [vm('web')]: on === 'reads' ? [] : [a('web', '192.0.2.13')], [vm('blocked')]: [a('blocked', '192.0.2.13')] };
        const limit = fault === 'slow' ? AbortSignal.timeout(STOP_LIMIT_MS * 4) : new AbortController().signal;
        const outcome = await forward.want(wishes, { signal: limit });
        await harness.fault(undefined, on);
        thrown.push(outcome.failure);
        expect(outcome.failure?.kind ?? 'none').toBe(kind);
        expect(outcome.names.map((one) => one.state).filter((state) => state === 'applied' || state === 'refused')).toEqual([]);
        if (on === 'reads') expect(await harness.witness(FORWARD)).toEqual(before);
      }
      expect(statesOf(await forward.want({ [vm('web')]: [a('web', '192.0.2.3', '192.0.2.4')], [vm('blocked')]: [] }))).toEqual(['applied', 'applied']);
    });

    it.each(['lost-answer', 'half'] as const)('14, L4: after a failure half way (%s), running again finishes the job, and our own is not foreign', async (fault) => {
      const labels = Array.from({ length: 12 }, (_, at) => `${fault}${at}`);
      const wishes = Object.fromEntries(labels.map((label, at) => [vm(label), [a(label, `203.0.113.${at}`, `203.0.113.${at + 100}`)]]));
      await harness.fault(fault, 'writes');
      const first = await forward.want(wishes);
      await harness.fault(undefined, 'writes');
      expect(first.names.filter((one) => one.inDoubt).length).toBeGreaterThan(0);
      expect(new Set(statesOf(await forward.want(wishes)))).toEqual(new Set(['applied']));
      expect(labels.flatMap((label) => forward.owns(vm(label)))).toEqual(labels.map(() => 'A'));
      expect((await forward.want(wishes)).calls.writes).toBe(0);
      // Killed between the provider's answer and the commit, and the wish is gone meanwhile.
      for (const label of labels) forward.forgetOutcome(vm(label), wishes[vm(label)] ?? []);
      expect(new Set(statesOf(await forward.want(Object.fromEntries(labels.map((label) => [vm(label), []])))))).toEqual(new Set(['applied']));
      expect((await forward.readAll()).filter((rrset) => rrset.name.startsWith(fault))).toEqual([]);
    });

    it('15: cancelling stops within the limit; two zones at once do not mix', async () => {
      await harness.fault('slow', 'reads');
      const cancel = new AbortController();
      const startedAt = performance.now();
      const pending = forward.want({ [vm('late')]: [a('late', '192.0.2.15')] }, { signal: cancel.signal });
      setImmediate(() => cancel.abort());
      expect((await pending).names[0]?.state).toBe('not-tried');
      expect(performance.now() - startedAt).toBeLessThan(STOP_LIMIT_MS);
      await harness.fault(undefined, 'reads');
      const [left, right] = [await open(OTHER), await open(BLOCKED)];
      const one = (apex: string, ip: string) => Object.fromEntries(Array.from({ length: 20 }, (_, at) => [vm(`m${at}`, apex), [rr(vm(`m${at}`, apex), 'A', 300, ip)]]));
      await Promise.all([left.want(one(OTHER, '192.0.2.51')), right.want(one(BLOCKED, '192.0.2.52'))]);
      for (const [story, apex, ip] of [[left, OTHER, '192.0.2.51'], [right, BLOCKED, '192.0.2.52']] as const) {
        const held = (await story.readAll()).filter((rrset) => rrset.type === 'A');
        expect([held.length, new Set(held.flatMap((rrset) => rrset.values)), held.every((rrset) => rrset.name.endsWith(apex))]).toEqual([20, new Set([ip]), true]);
      }
    });

    it('16, L10: no secret is in any error, reason, report or result', () => {
      const seen = stories.flatMap((story) => story.outcomes.map((outcome) => textOf(outcome))).concat(thrown.map(textOf)).join('\n');
      expect(seen.length).toBeGreaterThan(1_000);
      expect(harness.secrets.filter((secret) => seen.includes(secret))).toEqual([]);
    });
  });
}

/** All that an error or outcome would show when logged: messages, details, stacks and causes too. */
function textOf(thing: unknown): string {
  const seen = new Set<unknown>();
  return JSON.stringify(thing, (_key, value: unknown) => {
    if (!(value instanceof Error)) return value;
    if (seen.has(value)) return '…';
    seen.add(value);
    return { ...value, name: value.name, message: value.message, stack: value.stack, cause: value.cause };
  }) ?? '';
}
