import { expect } from '@jest/globals';
import { reverseName, type Rrset } from '@vmdns/domain';
import { FORWARD, type Clause } from './clause.js';
import { rr, statesOf } from './story.js';

const REVERSE4 = '2.0.192.in-addr.arpa.', REVERSE6 = '8.b.d.0.1.0.0.2.ip6.arpa.';
const MANY = 260;

const vm = (label: string): string => `${label}.${FORWARD}`;
const a = (label: string, ...values: readonly string[]): Rrset => rr(vm(label), 'A', 300, ...values);
const never = new AbortController().signal;

/** Clauses 1 to 12: what records do when nothing goes wrong. */
export const CLAUSES_OF_RECORDS: readonly Clause[] = [
  {
    number: 1, title: '1: an empty zone lists as empty; SOA and NS are not ours',
    async run(scene) {
      const forward = await scene.forward();
      const before = await scene.harness.witness(FORWARD);
      expect((await forward.readAll()).filter((rrset) => !['SOA', 'NS'].includes(rrset.type) || rrset.name !== FORWARD)).toEqual([]);
      const outcome = await forward.want({ [FORWARD]: [] });
      expect(statesOf(outcome)).toEqual(['applied']);
      expect(outcome.calls.writes).toBe(0);
      expect(statesOf(await forward.want({ [FORWARD]: [rr(FORWARD, 'NS', 300, 'ns.example.org.')] }))).toEqual(['refused not-permitted']);
      expect(await scene.harness.witness(FORWARD)).toEqual(before);
    },
  },
  {
    number: 2, title: '2: an A record appears, and reads back exactly as asked',
    async run(scene) {
      const forward = await scene.forward();
      expect(statesOf(await forward.want({ [vm('web')]: [a('web', '192.0.2.1')] }))).toEqual(['applied']);
      expect(await forward.read(vm('web'))).toEqual([a('web', '192.0.2.1')]);
      expect((await forward.readAll()).filter((rrset) => rrset.name === vm('web'))).toEqual([a('web', '192.0.2.1')]);
    },
  },
  {
    number: 3, title: '3, L12: running the same step again writes nothing',
    async run(scene) {
      const forward = await scene.forward();
      const before = await scene.harness.witness(FORWARD);
      const outcome = await forward.want({ [vm('web')]: [a('web', '192.0.2.1')] });
      expect(outcome.calls.writes).toBe(0);
      expect(await scene.harness.witness(FORWARD)).toEqual(before);
    },
  },
  {
    number: 4, title: '4: a value changes; the TTL alone changes; values grow and shrink; another order is no change',
    async run(scene) {
      const forward = await scene.forward();
      for (const wanted of [a('web', '192.0.2.2'), rr(vm('web'), 'A', 600, '192.0.2.2'), rr(vm('web'), 'A', 600, '192.0.2.2', '192.0.2.3', '192.0.2.4'), rr(vm('web'), 'A', 600, '192.0.2.4')]) {
        expect(statesOf(await forward.want({ [vm('web')]: [wanted] }))).toEqual(['applied']);
        expect(await forward.read(vm('web'))).toEqual([wanted]);
      }
      await forward.want({ [vm('web')]: [a('web', '192.0.2.4', '192.0.2.3')] });
      expect((await forward.want({ [vm('web')]: [a('web', '192.0.2.3', '192.0.2.4')] })).calls.writes).toBe(0);
    },
  },
  {
    number: 5, title: '5: an AAAA record in another spelling is no change',
    async run(scene) {
      const forward = await scene.forward();
      await scene.harness.plant(FORWARD, { name: vm('six'), type: 'AAAA', ttl: 300, values: ['2001:0DB8:0:0::0001'] });
      const outcome = await forward.want({ [vm('six')]: [rr(vm('six'), 'AAAA', 300, '2001:db8::1')] });
      expect([statesOf(outcome), outcome.calls.writes, forward.owns(vm('six'))]).toEqual([['applied'], 0, []]);
      await forward.want({ [vm('web6')]: [rr(vm('web6'), 'AAAA', 300, '2001:db8::a:b')] });
      expect((await forward.want({ [vm('web6')]: [rr(vm('web6'), 'AAAA', 300, '2001:db8::a:b')] })).calls.writes).toBe(0);
    },
  },
  {
    number: 6, title: '6: the apex and a wildcard are names like others',
    async run(scene) {
      const forward = await scene.forward();
      const { wildcard } = scene.harness.definition.capabilities;
      // Not every API gives out the SOA and NS that it keeps itself.
      const typesAtApex = async (): Promise<readonly string[]> => (await forward.readAll()).filter((rrset) => rrset.name === FORWARD).map((rrset) => rrset.type).sort();
      const before = await typesAtApex();
      for (const name of [FORWARD, vm('*')]) {
        const outcome = await forward.want({ [name]: [rr(name, 'A', 300, '192.0.2.6')] });
        const isTaken = wildcard || name === FORWARD;
        expect(statesOf(outcome)).toEqual([isTaken ? 'applied' : 'refused refused-by-provider']);
        if (isTaken) expect((await forward.read(name)).filter((rrset) => rrset.type === 'A')).toEqual([rr(name, 'A', 300, '192.0.2.6')]);
        if (isTaken) expect((await forward.readAll()).filter((rrset) => rrset.name === name && rrset.type === 'A').length).toBe(1);
        expect(statesOf(await forward.want({ [name]: [] }))).toEqual(['applied']);
      }
      expect(await typesAtApex()).toEqual(before);
    },
  },
  {
    number: 7, title: '7: PTR records in IPv4 and IPv6 reverse zones; one or many values as declared',
    async run(scene) {
      const { multiplePtr, classlessReverse, types } = scene.harness.definition.capabilities;
      if (!types.includes('PTR')) return;
      for (const [apex, ip] of [[REVERSE4, '192.0.2.77'], [REVERSE6, '2001:db8::77']] as const) {
        const story = await scene.open(apex);
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
      const story = await scene.open(classless);
      expect(statesOf(await story.want({ [`5.${classless}`]: [rr(`5.${classless}`, 'PTR', 3600, vm('web'))] }))).toEqual(['applied']);
      expect(await story.read(`5.${classless}`)).toEqual([rr(`5.${classless}`, 'PTR', 3600, vm('web'))]);
    },
  },
  {
    number: 8, title: '8: a name changes its type',
    async run(scene) {
      const forward = await scene.forward();
      const name = vm('turns');
      const steps = [a('turns', '192.0.2.8'), rr(name, 'CNAME', 300, vm('web')), rr(name, 'AAAA', 300, '2001:db8::8')].filter((rrset) => scene.harness.definition.capabilities.types.includes(rrset.type));
      for (const wanted of steps) {
        expect(statesOf(await forward.want({ [name]: [wanted] }))).toEqual(['applied']);
        expect(await forward.read(name)).toEqual([wanted]);
      }
    },
  },
  {
    number: 9, title: '9: removing works, and removing what is absent is fine',
    async run(scene) {
      const forward = await scene.forward();
      expect(statesOf(await forward.want({ [vm('turns')]: [] }))).toEqual(['applied']);
      expect(await forward.read(vm('turns'))).toEqual([]);
      expect((await forward.want({ [vm('turns')]: [], [vm('never')]: [] })).calls.writes).toBe(0);
      await forward.want({ [vm('taken')]: [a('taken', '192.0.2.9')] });
      await scene.harness.uproot(FORWARD, vm('taken'), 'A');
      expect(statesOf(await forward.want({ [vm('taken')]: [] }))).toEqual(['applied']);
      // Somebody was faster, between our reading and our call.
      const held = new Map([[vm('taken'), [a('taken', '192.0.2.9')]]]);
      for (const read of [held, new Map<string, readonly Rrset[]>()]) await forward.open().write([{ kind: 'remove', name: vm('taken'), type: 'A' }], read, never);
    },
  },
  {
    number: 10, title: '10, L3, L4: neighbours that we do not own stay byte for byte',
    async run(scene) {
      const forward = await scene.forward();
      const { harness } = scene;
      await harness.plant(FORWARD, { name: vm('shared'), type: 'TXT', ttl: 120, values: ['"v=spf1 -all"', '"two words; and \\"quotes\\""'] });
      await harness.plant(FORWARD, { name: vm('shared'), type: 'MX', ttl: 120, values: [`10 ${vm('mail')}`] });
      await harness.plant(FORWARD, { name: vm('theirs'), type: 'A', ttl: 120, values: ['192.0.2.250'] });
      await harness.plantDisabled?.(FORWARD, { name: vm('off'), type: 'A', ttl: 120, values: ['192.0.2.251'] });
      const lines = async (): Promise<readonly string[]> => (await harness.witness(FORWARD)).filter((line) => !/\sSOA\s/.test(line));
      const before = await lines();
      await forward.want({ [vm('shared')]: [a('shared', '192.0.2.10')] });
      const refused = await forward.want({ [vm('theirs')]: [a('theirs', '192.0.2.11')] });
      expect(statesOf(refused)).toEqual(['refused foreign-record']);
      expect(refused.names[0]?.reason?.text).toMatch(/192\.0\.2\.250.*192\.0\.2\.11/);
      expect(statesOf(await forward.want({ [vm('theirs')]: [rr(vm('theirs'), 'A', 120, '192.0.2.250')] }))).toEqual(['applied']);
      expect(statesOf(await forward.want({ [vm('theirs')]: [] }))).toEqual(['applied']);
      if (harness.plantDisabled !== undefined) expect(statesOf(await forward.want({ [vm('off')]: [a('off', '192.0.2.10')] }))).toEqual(['refused foreign-record']);
      await forward.want({ [vm('shared')]: [a('shared', '192.0.2.12')], [vm('off')]: [] });
      await forward.want({ [vm('shared')]: [] });
      expect(await lines()).toEqual(before);
    },
  },
  {
    number: 11, title: '11: more records than one page holds',
    async run(scene) {
      const forward = await scene.forward();
      const labels = Array.from({ length: scene.harness.manyNames ?? MANY }, (_, at) => `bulk${at}`);
      const wishes = Object.fromEntries(labels.map((label, at) => [vm(label), [a(label, `198.51.100.${at % 250}`)]]));
      expect(new Set(statesOf(await forward.want(wishes)))).toEqual(new Set(['applied']));
      const held = new Set((await forward.readAll()).map((rrset) => rrset.name));
      expect(labels.filter((label) => !held.has(vm(label)))).toEqual([]);
      expect((await forward.want(wishes)).calls.writes).toBe(0);
      expect(new Set(statesOf(await forward.want(Object.fromEntries(labels.map((label) => [vm(label), []])))))).toEqual(new Set(['applied']));
      expect((await forward.readAll()).filter((rrset) => rrset.name.startsWith('bulk'))).toEqual([]);
    },
  },
  {
    number: 12, title: '12: what the capabilities deny is refused without a call, and what they allow is taken',
    async run(scene) {
      const forward = await scene.forward();
      const { ttl } = scene.harness.definition.capabilities;
      const denied = [rr(vm('web'), 'A', ttl.max + 1, '192.0.2.1'), rr(vm('web'), 'MX', 300, `10 ${vm('mail')}`), ...(ttl.min > 0 ? [rr(vm('web'), 'A', ttl.min - 1, '192.0.2.1')] : [])];
      for (const wanted of denied) {
        const outcome = await forward.want({ [vm('web')]: [wanted] });
        expect([outcome.names[0]?.state, outcome.calls]).toEqual(['refused', { reads: 0, writes: 0 }]);
      }
      const outside = await forward.want({ 'web.contract.example.org.': [rr('web.contract.example.org.', 'A', 300, '192.0.2.1')] });
      expect([statesOf(outside), outside.calls]).toEqual([['refused not-permitted'], { reads: 0, writes: 0 }]);
      for (const seconds of [ttl.min, ttl.max]) {
        expect(statesOf(await forward.want({ [vm('limit')]: [rr(vm('limit'), 'A', seconds, '192.0.2.12')] }))).toEqual(['applied']);
        expect(await forward.read(vm('limit'))).toEqual([rr(vm('limit'), 'A', seconds, '192.0.2.12')]);
      }
      await forward.want({ [vm('limit')]: [] });
    },
  },
];
