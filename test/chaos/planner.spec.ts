import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  decideFact, decideName, DEFAULT_SETTINGS, faultsOfFact, faultsOfPtr, homesOf, wishesOf, withClaims, ZoneSet,
  type AddressFilter, type Incoming, type KnownVm, type Rrset, type ZoneView,
} from '@vmdns/domain';
import { FactBook, type Said } from './book.js';
import { picture, type Limits, type Rules, type ZoneEntry } from './expected.js';

// What the deciding functions make of random lives, against what the checker of the chaos run expects of the same: it
// shares no code with them.

const SETTINGS = { ...DEFAULT_SETTINGS, ownDomains: ['own.test.'], ownRanges: ['192.0.2.0/24'] };
const RULES: Rules = { ownDomains: ['own.test.'], ownPrefixes: ['192.0.2.'] };
const RUN = { seed: 20_261_121, numRuns: 200 };

interface Filter { readonly filter: AddressFilter; readonly takes?: (ip: string) => boolean }
const isInside = (ip: string): boolean => ip.startsWith('10.') || ip.startsWith('fd');
const FILTERS: readonly Filter[] = [
  { filter: 'all' }, { filter: 'all' }, { filter: 'private', takes: isInside }, { filter: 'public', takes: (ip) => !isInside(ip) },
  { filter: { ranges: ['198.51.100.0/28', '2001:db8::/32'] }, takes: (ip) => ip.startsWith('2001:db8:') || (ip.startsWith('198.51.100.') && Number(ip.split('.')[3]) < 16) },
];

interface Apex { readonly apex: string; readonly block?: NonNullable<ZoneEntry['block']> }
const block = (first: number, last: number): NonNullable<ZoneEntry['block']> => ({ prefix: '198.51.100.', first, last });
const APEXES: readonly Apex[] = [
  { apex: 'a.test.' }, { apex: 'vm.a.test.' }, { apex: 'deep.vm.a.test.' }, { apex: 'test.' }, { apex: 'm.a.test.' },
  { apex: '100.51.198.in-addr.arpa.' }, { apex: '51.198.in-addr.arpa.' }, { apex: '10.in-addr.arpa.' }, { apex: 'd.f.ip6.arpa.' }, { apex: '8.b.d.0.1.0.0.2.ip6.arpa.' },
  { apex: '0/26.100.51.198.in-addr.arpa.', block: block(0, 63) }, { apex: '8/29.100.51.198.in-addr.arpa.', block: block(8, 15) },
  { apex: '64-127.100.51.198.in-addr.arpa.', block: block(64, 127) }, { apex: '12/31.100.51.198.in-addr.arpa.', block: block(12, 13) },
];

interface Entry { readonly entry: ZoneEntry; readonly view: ZoneView }
const entries = fc.array(fc.record({
  apex: fc.constantFrom(...APEXES), filter: fc.constantFrom(...FILTERS), forward: fc.integer({ min: 30, max: 999 }), reverse: fc.integer({ min: 30, max: 9_999 }),
}), { maxLength: 12 }).map((chosen) => chosen.map(({ apex: { apex, block: its }, filter: { filter, takes }, ...ttl }, server): Entry => ({
  entry: { server, apex, ttl, ...(takes === undefined ? {} : { takes }), ...(its === undefined ? {} : { block: its }) },
  view: { zoneId: String(server), apex, provider: 'memory', connectionId: 'c', mode: 'write', ttl, addresses: filter, leaving: false, createdSeq: server },
})));

const NAMES = ['web.a.test', 'web.vm.a.test', 'x.deep.vm.a.test', 'Deep.VM.a.test', 'www.a.test', 'ns1.vm.a.test', '*.m.a.test', 'web.own.test', 'web.customer.example', 'vm.a.test', 'notvm.a.test'];
const IPS = ['198.51.100.5', '198.51.100.9', '198.51.100.12', '198.51.100.13', '198.51.100.70', '198.51.100.200', '198.51.7.7', '10.1.2.3', '192.0.2.8', '203.0.113.9', '2001:DB8:0:0::1', '2001:db8::2:0:1', 'fd00::7'];

const address = fc.record({ ip: fc.constantFrom(...IPS), ptr: fc.constantFrom(undefined, undefined, null, 'Said.example', 'other.example'), forward: fc.boolean() });
const said = fc.record({
  fqdn: fc.option(fc.constantFrom(...NAMES), { nil: undefined, freq: 6 }), shareName: fc.boolean(), tenant: fc.constantFrom(undefined, 't', 'u'),
  addresses: fc.uniqueArray(address, { selector: ({ ip }) => ip, minLength: 1, maxLength: 5 }),
});
const vmId = fc.constantFrom('vm-1', 'vm-2', 'vm-3', 'vm-4');
type Step =
  | { readonly kind: 'put' | 'stale'; readonly vmId: string; readonly said: Said }
  | { readonly kind: 'repeat' | 'remove'; readonly vmId: string }
  | { readonly kind: 'ptr'; readonly vmId: string; readonly nth: number; readonly hostname: string | null };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('put' as const), vmId, said: said.map(withoutUndefined) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stale' as const), vmId, said: said.map(withoutUndefined) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('repeat' as const, 'remove' as const), vmId }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('ptr' as const), vmId, nth: fc.nat({ max: 4 }), hostname: fc.constantFrom(null, 'mine.example', 'MX.customer.example') }) },
);

/** As JSON does. */
function withoutUndefined(given: unknown): Said {
  const { shareName, ...said } = JSON.parse(JSON.stringify(given)) as Said;
  // Without a name there is none to share.
  return said.fqdn === undefined ? said : { ...said, shareName: shareName ?? false };
}

/** The same facts through the product's deciding functions and into the book. */
class TwoBooks {
  readonly book = new FactBook();
  readonly known = new Map<string, KnownVm>();
  /** What was not taken as it had to be. */
  readonly odd: string[] = [];
  private claims = 0;
  private readonly last = new Map<string, { readonly said: Said; readonly version: number; readonly life: number }>();

  take(step: Step): void {
    const before = this.last.get(step.vmId);
    const booked = this.book.vms.get(step.vmId);
    const next = { version: (before?.version ?? 0) + 1, life: before?.life ?? 1 };
    switch (step.kind) {
      case 'put':
        this.expects(step, this.put(step.vmId, step.said, next), ['accept']);
        this.book.put(step.vmId, step.said);
        this.last.set(step.vmId, { said: step.said, ...next });
        break;
      case 'stale': if (booked !== undefined && before !== undefined && before.version > 1) this.expects(step, this.put(step.vmId, step.said, { ...before, version: before.version - 1 }), ['stale']); break;
      case 'repeat': if (booked !== undefined && before !== undefined) this.expects(step, this.put(step.vmId, before.said, before), ['repeat']); break;
      case 'remove':
        if (booked === undefined || before === undefined) break;
        this.expects(step, this.decide({ ...base(step.vmId), kind: 'deleted', said: { uid: uidOf(step.vmId, before.life), version: next.version } }), ['accept']);
        this.book.remove(step.vmId);
        this.last.set(step.vmId, { said: before.said, version: next.version, life: before.life + 1 });
        break;
      case 'ptr': {
        const ip = booked?.addresses[step.nth % booked.addresses.length]?.ip;
        if (ip === undefined) break;
        const checked = faultsOfPtr(step.vmId, { ip, hostname: step.hostname });
        if (!checked.ok) throw new Error(JSON.stringify(checked));
        this.expects(step, this.decide({ ...base(step.vmId), kind: 'ptr', said: checked.fact }), ['accept', 'repeat']);
        this.book.customerPtr(step.vmId, ip, step.hostname);
      }
    }
  }

  private put(id: string, given: Said, { version, life }: { readonly version: number; readonly life: number }): string {
    const checked = faultsOfFact(id, { ...given, version, uid: uidOf(id, life) });
    if (!checked.ok) throw new Error(JSON.stringify(checked));
    return this.decide({ ...base(id), kind: 'changed', said: checked.fact, ...(given.tenant === undefined ? {} : { tenant: given.tenant }) });
  }

  private decide(incoming: Incoming): string {
    const decision = decideFact({ known: this.known.get(incoming.vmId) ?? null, incoming, now: '2026-01-01T00:00:00Z' });
    if (decision.kind === 'accept') this.known.set(incoming.vmId, withClaims(decision.next, Array.from({ length: decision.claimsNeeded }, () => (this.claims += 1))));
    return decision.kind === 'ignore' ? decision.reason : decision.kind;
  }

  private expects(step: Step, was: string, expected: readonly string[]): void {
    if (!expected.includes(was)) this.odd.push(`${JSON.stringify(step)}: ${was}`);
  }
}

/** What a tenant is limited to, as the planner is told it and as the checker reads it. */
interface Bound { readonly given: { readonly domains: readonly string[] | null; readonly ranges: readonly string[] | null }; readonly read: Limits }
const bound = fc.record({
  domains: fc.constantFrom(null, [], ['a.test'], ['own.test', 'deep.vm.a.test']), blocks: fc.constantFrom(null, [], [['198.51.100.0/24', '198.51.100.']] as const, [['10.0.0.0/8', '10.'], ['2001:db8::/32', '2001:db8:']] as const),
}).map(({ domains, blocks }): Bound => ({
  given: { domains, ranges: blocks?.map(([range]) => range) ?? null }, read: { domains: domains?.map((domain) => `${domain}.`) ?? null, prefixes: blocks?.map(([, prefix]) => prefix) ?? null },
}));
const bounds = fc.option(fc.record({ t: bound, u: bound }), { nil: undefined });
type Bounds = Readonly<Record<'t' | 'u', Bound>> | undefined;
const settingsOf = (its: Bounds) => (its === undefined ? SETTINGS : { ...SETTINGS, tenantLimits: { t: its.t.given, u: its.u.given } });
const rulesOf = (its: Bounds): Rules => (its === undefined ? RULES : { ...RULES, limits: new Map(Object.entries(its).map(([tenant, { read }]) => [tenant, read])) });

const uidOf = (id: string, life: number): string => `${id} ${life}`;
const base = (id: string) => ({ vmId: id, source: 'test', via: 'call' as const, time: null });
const textOf = ({ name, type, ttl, values }: Omit<Rrset, 'values'> & { readonly values: readonly string[] }): string => `${name} ${ttl} ${type} ${[...values].sort().join(' ')}`;

interface Decided { readonly rrsets: readonly string[]; readonly refused: readonly string[] }

/** Every place at which any VM's wish is at home, as the planner decides it. */
function decided(facts: Iterable<KnownVm>, zones: readonly Entry[], limits?: Bounds): Decided {
  const set = ZoneSet.of(zones.map(({ view }) => view));
  const settings = settingsOf(limits);
  const wishes = [...facts].flatMap(({ fact }) => wishesOf(fact, settings));
  const homes = wishes.flatMap((wish) => homesOf(set, wish, settings).map((home) => ({ wish, home, place: `${home.zone.zoneId} ${home.ownerName}` })));
  const places = new Map(homes.map(({ place, home }) => [place, home]));
  // Who has nothing that the zone takes holds the name, and is told elsewhere why nothing comes of it.
  const isAtHome = (place: string, loser: { readonly vmId: string; readonly kind: string }): boolean => homes.some((one) => one.place === place && one.wish.vmId === loser.vmId && one.wish.kind === loser.kind);
  const decisions = [...places].map(([place, home]) => ({ place, home, ...decideName({ zones: set, zone: home.zone, ownerName: home.ownerName, wishes, settings }) }));
  return {
    rrsets: decisions.flatMap(({ home, rrsets }) => rrsets.map((rrset) => `${home.zone.zoneId} ${textOf(rrset)}`)).sort(),
    refused: [...new Set(decisions.flatMap(({ place, home, losers }) => losers.filter((loser) => isAtHome(place, loser)).map(({ vmId: id, reason }) => `${home.zone.apex} ${id} ${home.ownerName} ${reason.code}`)))].sort(),
  };
}

function expected(book: FactBook, zones: readonly Entry[], limits?: Bounds): Decided {
  const { rrsets, verdicts } = picture([...book.vms.values()], zones.map(({ entry }) => entry), new Set(), rulesOf(limits));
  const apexes = new Set(zones.map(({ entry }) => entry.apex));
  const refused = [...verdicts].flatMap(([id, its]) => its.map((verdict) => verdict.split(' '))
    .filter(([, , apex, state]) => apexes.has(apex ?? '') && state === 'refused').map(([name, , apex, , code]) => `${apex ?? ''} ${id} ${name ?? ''} ${code ?? ''}`));
  return { rrsets: [...rrsets.values()].map((rrset) => `${rrset.server} ${textOf(rrset)}`).sort(), refused: [...new Set(refused)].sort() };
}

function lived(steps: readonly Step[]): TwoBooks {
  const books = new TwoBooks();
  for (const one of steps) books.take(one);
  return books;
}

const lives = fc.array(step, { minLength: 1, maxLength: 30 });

describe('random lives of VMs, decided by the planner and expected by the checker of chaos', () => {
  it('each fact is news, a repeat or stale as its publisher meant it', () => {
    fc.assert(fc.property(lives, (steps) => { expect(lived(steps).odd).toEqual([]); }), RUN);
  });

  it('L3 every RRset of every zone entry, with nested and classless zones, filters, shared names and addresses, limits of tenants, customers\' PTRs and TTLs', () => {
    fc.assert(fc.property(lives, entries, bounds, (steps, zones, limits) => {
      const { known, book } = lived(steps);
      expect(decided(known.values(), zones, limits).rrsets).toEqual(expected(book, zones, limits).rrsets);
    }), RUN);
  });

  it('L11 who gets nothing is told so at the same places, with the same reason', () => {
    fc.assert(fc.property(lives, entries, bounds, (steps, zones, limits) => {
      const { known, book } = lived(steps);
      expect(decided(known.values(), zones, limits).refused).toEqual(expected(book, zones, limits).refused);
    }), RUN);
  });

  it('L12 nothing hangs on the order in which VMs or zones are looked at', () => {
    fc.assert(fc.property(lives, entries, fc.nat(), (steps, zones, turn) => {
      const facts = [...lived(steps).known.values()];
      const turned = <T>(all: readonly T[]): readonly T[] => all.map((_, at) => all[(at * 7 + turn) % all.length] ?? all[at]).filter((one): one is T => one !== undefined);
      const isWhole = <T>(all: readonly T[]): boolean => new Set(turned(all)).size === all.length;
      fc.pre(isWhole(facts) && isWhole(zones));
      expect(decided(turned(facts), turned(zones))).toEqual(decided(facts, zones));
    }), RUN);
  });
});
