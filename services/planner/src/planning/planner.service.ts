import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '@vmdns/chassis';
import type { Reason } from '@vmdns/contracts';
import type { Fact } from '@vmdns/domain';
import { Store, type Tx } from '@vmdns/store';
import { Config } from '../config.js';
import { Commands, type Issue } from '../reconcile/commands.js';
import { ReconcileMetrics } from '../reconcile/reconcile-metrics.js';
import type { HeardName } from '../status/foreseen-dns.js';
import { StatusPublisher } from '../status/status-publisher.js';
import { ZoneSets, type ZonePicture } from '../zones/zone-sets.js';
import { CurrentTimeline } from './current-timeline.js';
import { keyOf } from './key-homes.js';
import { issueOf } from './name-change.js';
import type { Newborn } from './newborn.js';
import { bearNew } from './nursery.js';
import { NOTHING_PLANNED, planFacts, type FactsAsk, type PlannedFacts } from './plan-facts.js';
import { planKeys, type Planned } from './plan-keys.js';
import { isNewer, readRevisions } from './vm.repository.js';

export interface Cause { readonly priority: 1 | 2; readonly traceparent?: string | undefined }

/** What a result made of a name. */
export interface SettledAs { readonly state: string; readonly reason: Pick<Reason, 'code'> | null }

/** What is to be said when results were taken. */
export interface SettledNames {
  readonly issues: readonly Issue[];
  /** The VMs of each name that was heard of, one after the other. */
  readonly vms: readonly string[];
  /** States that were taken. */
  readonly outcomes: readonly SettledAs[];
  /** Those of them whose rows took the results as they came. */
  readonly heard: readonly HeardName[];
}

/** What is said when planning or settling has committed. */
@Injectable()
export class Voice {
  constructor(private readonly commands: Commands, private readonly status: StatusPublisher, private readonly metrics: ReconcileMetrics) {}

  planned(planned: Planned, taken: Iterable<string> = [], traceparent?: string): void {
    this.commands.issue(planned.issues, traceparent);
    this.status.planned(new Set([...planned.vms, ...taken]), planned.issues.map((issue) => issue.vms));
  }

  born(picture: ZonePicture, newborns: readonly Newborn[], traceparent?: string): void {
    this.commands.issue(newborns.flatMap(({ names }) => names.flatMap(({ change }) => issueOf(picture, change))), traceparent);
    this.status.born(picture, newborns);
  }

  settled(settled: SettledNames, traceparent?: string): void {
    this.commands.issue(settled.issues, traceparent);
    this.status.settled(settled.vms, settled.heard);
    this.metrics.taken(settled.outcomes);
  }
}

const EVENTS_MS = 1_000;
/** A transaction takes so many names of VMs at most, unless one VM has more. */
const NAMES_MAX = 2_000;

function chunksOf(facts: readonly Fact[], max: number): Fact[][] {
  const chunks: Fact[][] = [];
  let names = 0;
  for (const fact of facts) {
    const weight = fact.addresses.length + 1;
    const chunk = chunks.at(-1);
    if (chunk === undefined || chunk.length >= max || names + weight > NAMES_MAX) {
      chunks.push([fact]);
      names = weight;
    } else {
      chunk.push(fact);
      names += weight;
    }
  }
  return chunks;
}

/** Turns facts into wishes, wishes into desired RRsets, and those into commands. */
@Injectable()
export class Planner {
  constructor(private readonly store: Store, private readonly zones: ZoneSets, private readonly timeline: CurrentTimeline, private readonly voice: Voice, @Inject(CONFIG) private readonly config: Config) {}

  private eventAt = -Infinity;

  /** Whether an event came a moment ago: paged work steps aside then. */
  get hasEvents(): boolean {
    return performance.now() - this.eventAt < EVENTS_MS;
  }

  /** Facts in any order, repeats and old ones among them; each chunk is one transaction. */
  async takeFacts(facts: readonly Fact[], cause: Cause): Promise<void> {
    if (cause.priority === 1) this.eventAt = performance.now();
    const newest = new Map<string, Fact>();
    for (const fact of facts) if (isNewer(fact, newest.get(fact.vmId))) newest.set(fact.vmId, fact);
    for (const chunk of chunksOf([...newest.values()], this.config.PLAN_EVENTS_MAX)) {
      const rest = cause.priority === 1 ? await this.takeNew(chunk, cause) : chunk;
      if (rest.length === 0) continue;
      const { planned, taken } = await this.store.transaction((tx) => this.take(tx, rest, cause));
      this.voice.planned(planned, taken, cause.traceparent);
    }
  }

  /** First revisions are of VMs that nobody knows yet, as a rule; gives those facts that are not, or have to do with others. */
  private async takeNew(facts: readonly Fact[], cause: Cause): Promise<readonly Fact[]> {
    const picture = this.zones.latest;
    const first = facts.filter((fact) => fact.revision === 1);
    if (picture === undefined || first.length === 0) return facts;
    const ask = { picture, timeline: this.timeline.number, priority: cause.priority };
    const born = await bearNew(this.store, ask, first, this.config.REISSUE_FIRST_MS);
    if (born.length === 0) return facts;
    this.voice.born(picture, born, cause.traceparent);
    const vmIds = new Set(born.map(({ fact }) => fact.vmId));
    return facts.filter((fact) => !vmIds.has(fact.vmId));
  }

  /** Most repeats end at what is known without locks. */
  private async take(tx: Tx, facts: readonly Fact[], cause: Cause): Promise<PlannedFacts> {
    const [ask, known] = await Promise.all([this.ask(tx, cause.priority), readRevisions(tx, facts.map((fact) => fact.vmId))]);
    return planFacts(tx, ask, facts.filter((fact) => isNewer(fact, known.get(fact.vmId))), known);
  }

  /** Decides keys again: what they waited for has happened. */
  async planAgain(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const planned = await this.store.transaction(async (tx) => this.planKeysIn(tx, keys));
    this.voice.planned(planned);
  }

  /** Within a transaction of the caller, who says what it gives after the commit. */
  async planKeysIn(tx: Tx, keys: readonly string[]): Promise<Planned> {
    const ask = await this.ask(tx, 2);
    if (keys.length === 0) return NOTHING_PLANNED;
    return planKeys(tx, { ...ask, keys: keys.map((key) => keyOf(key)) });
  }

  /** Takes the zone set's shared lock. */
  async ask(tx: Tx, priority: 1 | 2): Promise<FactsAsk> {
    return { picture: await this.zones.lockedPicture(tx), timeline: this.timeline.number, priority, firstMs: this.config.REISSUE_FIRST_MS };
  }
}
