import { until, type RecordedCall } from '@vmdns/test/support';
import { canonicalIp } from './book.js';
import { placeOf, type Expected } from './expected.js';
import type { Faults } from './faults.js';
import type { Operators } from './operators.js';
import type { HeldRrset } from './sites.js';
import type { World } from './world.js';

/** What was found at the end. Everything but the first four must be nothing. */
export interface Judgement {
  readonly convergedMs: number;
  readonly rrsetsChecked: number;
  readonly answersChecked: number;
  readonly statesChecked: number;
  readonly lost: readonly string[];
  readonly wrong: readonly string[];
  readonly extra: readonly string[];
  readonly foreignTouched: readonly string[];
  readonly wrongAnswers: readonly string[];
  readonly unexplained: readonly string[];
  readonly pending: readonly string[];
  /** What it waited for at the end, whenever that changed. */
  readonly waitedFor: readonly string[];
  readonly writesWithoutReason: readonly string[];
  readonly overlaps: readonly string[];
}

/** A call that was lost on its way to Cloudflare or HestiaCP is waited for for a minute or more. */
const SETTLE_MS = 240_000;
/** A lease of 5 s, renewed every 1.5 s: sooner nobody else may write. */
const LEASE_LEFT_MS = 3_000;

/** Compares everything with the book, when all faults are over. */
export class Judge {
  private readonly waitedFor: string[] = [];

  /** `isLoaded`: the machine may be so busy that a process is away for as long as its lease without anybody's doing. */
  constructor(private readonly world: World, private readonly faults: Faults, private readonly operators: Operators, private readonly isLoaded: boolean) {}

  async judge(): Promise<Judgement> {
    const healedAt = Date.now();
    const pending = await this.settle();
    const convergedMs = Date.now() - healedAt;
    const held = await this.held();
    const expected = this.world.picture().rrsets;
    return {
      convergedMs, pending, waitedFor: this.waitedFor, ...this.compareRrsets(expected, held), rrsetsChecked: held.size,
      ...await this.compareAnswers(expected), ...await this.compareStates(),
      writesWithoutReason: this.world.chronicle.unexplained(this.world.sites.flatMap((site, server) => site.writes(server))), overlaps: this.overlaps(),
    };
  }

  /** Waits until nothing is on its way any more; what still is after the limit. */
  private async settle(): Promise<readonly string[]> {
    let open: readonly string[] = ['nothing was looked at'];
    const healedAt = Date.now();
    const look = async (): Promise<boolean> => {
      open = await this.open();
      const first = open[0] ?? '';
      if (first !== '' && this.waitedFor.at(-1)?.endsWith(first) !== true) this.waitedFor.push(`${((Date.now() - healedAt) / 1_000).toFixed(0)} s, ${open.length}: ${first}`);
      if (open.length > 0) await this.operators.tidy();
      return open.length === 0;
    };
    await until(look, { withinMs: SETTLE_MS, everyMs: 500, what: 'everything to be settled' }).catch(() => undefined);
    return open;
  }

  private async open(): Promise<readonly string[]> {
    const { database } = this.world;
    const unplanned = await this.unplanned();
    if (unplanned.length > 0) return unplanned;
    const names = await database.query<{ what: string }>(`
      select zone_id || ' ' || owner_name || ' ' || state || ' ' || coalesce(reason->>'code', '') as what from planner.name where settled_generation < generation limit 20`);
    const leaving = await database.query<{ what: string }>(`select id || ' ' || apex || ' is leaving' as what from planner.zone where state = 'leaving' limit 20`);
    const schemas = new Set(this.world.replicas.map(({ process }) => process.name).filter((name) => name.startsWith('adapter-')).map((name) => name.replaceAll('-', '_')));
    const due: { readonly what: string }[] = [];
    for (const schema of schemas) due.push(...await database.query<{ what: string }>(`select target || ' ' || owner_name || ' ' || state as what from ${schema}.name where due_at is not null and state <> 'refused' limit 20`));
    return [...names, ...leaving, ...due].map(({ what }) => what);
  }

  /** VMs, gone ones among them, whose newest fact is not in DNS and not explained. */
  private async unplanned(): Promise<readonly string[]> {
    const late: string[] = [];
    for (const [vmId, revision] of this.world.book.revisions) {
      const dns = await this.world.stack.gateway.dns(vmId, { revision });
      if (!dns.live) late.push(`${vmId} is ${dns.state}: ${dns.reason?.code ?? ''}`);
      if (late.length >= 5) break;
    }
    return late;
  }

  /** What the servers have, by place, past every proxy. */
  private async held(): Promise<ReadonlyMap<string, HeldRrset>> {
    const held = new Map<string, HeldRrset>();
    for (const { server, apex } of [...this.world.zones.values(), ...this.world.gone()]) {
      for (const rrset of await this.world.site(server).held(apex)) {
        const isApex = rrset.name === apex && (rrset.type === 'SOA' || rrset.type === 'NS');
        if (!isApex) held.set(placeOf({ server, apex, name: rrset.name, type: rrset.type }), rrset);
      }
    }
    return held;
  }

  private compareRrsets(expected: ReadonlyMap<string, Expected>, held: ReadonlyMap<string, HeldRrset>): Pick<Judgement, 'lost' | 'wrong' | 'extra' | 'foreignTouched'> {
    const [lost, wrong, extra, foreignTouched]: [string[], string[], string[], string[]] = [[], [], [], []];
    for (const [place, rrset] of this.world.foreign) if (JSON.stringify(held.get(place)?.raw) !== JSON.stringify(rrset)) foreignTouched.push(`${place}: ${JSON.stringify(held.get(place)?.raw)} instead of ${JSON.stringify(rrset)}`);
    for (const [place, want] of expected) {
      const there = held.get(place);
      if (there === undefined) lost.push(`${place} ${want.values.join()}`);
      else if (textOf(there) !== `${want.ttl} ${want.values.join()}`) wrong.push(`${place}: ${textOf(there)} instead of ${want.ttl} ${want.values.join()}`);
    }
    for (const [place, there] of held) if (!expected.has(place) && !this.world.foreign.has(place)) extra.push(`${place}: ${textOf(there)}`);
    return { lost, wrong, extra, foreignTouched };
  }

  /** Over DNS: all that must be there, and all that was there once. */
  private async compareAnswers(expected: ReadonlyMap<string, Expected>): Promise<Pick<Judgement, 'answersChecked' | 'wrongAnswers'>> {
    const wrongAnswers: string[] = [];
    const places = [...new Set([...expected.keys(), ...this.world.chronicle.places])].filter((place) => !this.world.foreign.has(place));
    for (const place of places) {
      const [server = '0', , name = '', type = 'A'] = place.split('|');
      const inZones = [...expected.values()].filter((one) => String(one.server) === server && one.name === name && one.type === type);
      const wanted = inZones.flatMap((one) => one.values).sort().join();
      const isForeign = [...this.world.foreign.keys()].some((one) => one.startsWith(`${server}|`) && one.endsWith(`|${name}|${type}`));
      // A pointer is followed, and a wildcard answers for names that are not there.
      const isPointer = type === 'PTR' && [...expected.values()].some((one) => one.name === name && one.type === 'CNAME');
      if (isForeign || isPointer || (wanted === '' && this.isBelowWildcard(name, expected))) continue;
      const answer = await this.world.site(Number(server)).ask(name, type as Expected['type']);
      const said = answer.map((value) => (type === 'A' || type === 'AAAA' ? canonicalIp(value) : value)).sort().join();
      if (said !== wanted) wrongAnswers.push(`${place}: ${said || 'nothing'} instead of ${wanted || 'nothing'}`);
    }
    return { answersChecked: places.length, wrongAnswers };
  }

  private isBelowWildcard(name: string, expected: ReadonlyMap<string, Expected>): boolean {
    return [...expected.values()].some((one) => one.name.startsWith('*.') && name.endsWith(one.name.slice(1)));
  }

  private async compareStates(): Promise<Pick<Judgement, 'statesChecked' | 'unexplained'>> {
    const unexplained: string[] = [];
    let statesChecked = 0;
    for (const [vmId, verdicts] of this.world.picture().verdicts) {
      const dns = await this.world.stack.gateway.dns(vmId);
      const said = dns.records.map((one) => `${one.name} ${one.type} ${one.zone ?? '-'} ${one.state} ${one.reason?.code ?? ''}`.trim()).sort();
      statesChecked += said.length;
      if (said.join('\n') !== verdicts.join('\n')) {
        const missing = verdicts.filter((one) => !said.includes(one));
        const odd = said.filter((one) => !verdicts.includes(one));
        unexplained.push(`${vmId} (${dns.state}): says [${odd.join('; ')}] instead of [${missing.join('; ')}]${odd.length + missing.length === 0 ? ` (${said.length} instead of ${verdicts.length} records)` : ''}`);
      }
    }
    return { statesChecked, unexplained };
  }

  /** Two changes of one zone at one time; only after the one who sent the first was away for as long as its lease. */
  private overlaps(): readonly string[] {
    const excused = (first: RecordedCall, second: RecordedCall): boolean => second.startedAt - first.startedAt > LEASE_LEFT_MS
      && (this.isLoaded || this.faults.absences.some((absence) => absence.from < second.startedAt && absence.until > first.startedAt));
    return this.world.sites.flatMap((site, server) => {
      const byZone = new Map<string, RecordedCall[]>();
      for (const call of site.proxy.calls.filter(site.isChange)) at(byZone, site.zoneOf(call)).push(call);
      return [...byZone].flatMap(([zone, calls]) => calls.flatMap((first, nth) => startedBefore(calls, nth + 1, first.endedAt ?? Infinity).filter((second) => !excused(first, second))
        .map((second) => `server ${server} ${zone}: ${first.startedAt}–${first.endedAt ?? ''} ${first.outcome} and ${second.startedAt}–${second.endedAt ?? ''} ${second.outcome}`)));
    });
  }
}

function at<T>(lists: Map<string, T[]>, key: string): T[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

/** Those from there on; calls are listed as they began. */
function startedBefore(calls: readonly RecordedCall[], from: number, end: number): readonly RecordedCall[] {
  let to = from;
  while ((calls[to]?.startedAt ?? Infinity) < end) to += 1;
  return calls.slice(from, to);
}

const textOf = ({ ttl, values }: HeldRrset): string => `${ttl} ${values.join()}`;
