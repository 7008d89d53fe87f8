import { z } from 'zod';
import { Count, Id, Instant, ProviderName, RrsetBody, TenantId, VmId } from '../primitives.js';
import { FactAnswer } from '../events/inbound.js';
import { ChangesAfter, changesPage, ZoneFeedBody, ZoneMode } from '../events/feed.js';
import { VmState } from '../events/vm-state.js';
import { Announcement } from '../results/announce.js';
import { VmDns } from '../results/status.js';
import { Reason, VmDnsState } from '../reasons.js';
import { AdapterStanding, Lag, PlanningOverview, Rates, VmSummary } from './overview.js';
import { PLAN_FACTS_MAX, PlannedFacts, PreviewedFacts } from './plan.js';
import { Caller, Problem } from './problem.js';
import { SNAPSHOT_LINES_MAX, SnapshotFault, SnapshotStep } from './snapshot.js';
import { DeadLetter, DeadLetterShown } from './dead-letter.js';
import { AdoptDifferent, Adoption, DriftAsk, HandedNames, ZoneDrift } from './zone-actions.js';

/** Every reply on `vmdns.rpc.*.*`: a value or a problem; never a thrown error over the bus. */
export type RpcReply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };
export const rpcReply = <T extends z.ZodType>(value: T) =>
  z.union([z.object({ ok: z.literal(true), value }), z.object({ ok: z.literal(false), problem: Problem })]);

/** One request/reply operation: what is asked, what is answered. */
export interface Operation<Q extends z.ZodType = z.ZodType, A extends z.ZodType = z.ZodType> { readonly ask: Q; readonly answer: A }
const operation = <Q extends z.ZodType, A extends z.ZodType>(ask: Q, answer: A): Operation<Q, A> => ({ ask, answer });

const Page = z.object({ limit: z.int().min(1).max(500).default(100), cursor: z.string().optional() });
const Nothing = z.object({});

/**
 * A fact on its way in: the raw data of one inbound type (checked by inventory), who said it, by which way. `via: event`
 * is a CloudEvent, which may come late or twice (`time` is its own time); absent is a call, which is in order. `publisher`
 * is by whom an event came, as vmdns knows it: its `source` is only what it says, so the brake counts by both.
 */
export const FactRequest = z.object({ type: z.string(), data: z.unknown(), source: z.string(), caller: Caller, via: z.enum(['call', 'event']).optional(), publisher: z.string().max(128).optional(), time: z.string().max(64).optional(), traceparent: z.string().optional(), /** Milliseconds since 1970 by PostgreSQL's clock: whoever asked has given up by then, and it is not stored later. */ before: z.number().optional() });
export type FactRequest = z.infer<typeof FactRequest>;

export const HoldMember = z.object({
  /** A VM's deletion (inventory's brake) or a name's removal (planner's). */
  vmId: VmId.optional(), name: z.string().optional(), zone: z.string().optional(), text: z.string(),
  /** What goes when it is approved. */
  removes: z.array(RrsetBody).optional(),
  /** Addresses of it that another VM has by now. */
  usedByOthers: z.array(z.string()).optional(),
});
export type HoldMember = z.infer<typeof HoldMember>;
export const Hold = z.object({
  holdId: Id, service: z.enum(['inventory', 'planner']), kind: z.enum(['vm-deletions', 're-homing', 'removals']),
  /** The source whose deletions, or the zone whose names, wait. */
  scope: z.string(), state: z.enum(['open', 'approved', 'rejected']), members: Count, openedAt: Instant, decidedAt: Instant.optional(), decidedBy: z.string().optional(), text: z.string(),
  /** Of the whole list as it is now, where one hold is shown: given with a decision, nothing else is decided. */
  checksum: z.string().optional(),
});
export type Hold = z.infer<typeof Hold>;
export const HoldDecision = z.object({ holdId: Id, decision: z.enum(['approve', 'reject']), checksum: z.string().optional(), caller: Caller });
export const HoldOutcome = z.object({ hold: Hold, released: Count, /** Members that changed since and were left out. */ changed: z.array(z.string()) });
export type HoldOutcome = z.infer<typeof HoldOutcome>;

const holdOperations = {
  'holds-list': operation(Page.extend({ state: z.enum(['open', 'approved', 'rejected']).optional() }), z.object({ items: z.array(Hold), next: z.string().optional() })),
  'hold-show': operation(z.object({ holdId: Id }).extend(Page.shape), z.object({ hold: Hold, members: z.array(HoldMember), next: z.string().optional() })),
  'hold-decide': operation(HoldDecision, HoldOutcome),
};

/** A VM as `GET /v1/vms/{id}` gives it: its state, and whether something about it waits. */
export const VmView = VmState.extend({ holdId: Id.optional() });
export type VmView = z.infer<typeof VmView>;

/** More than max(`count`, `share` of the source's VMs) deletions by one source in `windowSeconds` are held (L13). */
export const Brakes = z.object({ vmDeletions: z.object({ count: z.int().min(1).default(50), share: z.number().min(0).max(1).default(0.05), windowSeconds: z.int().min(1).default(600) }).prefault({}) });

export const inventoryRpc = {
  /** Handled in batches: one transaction for all that came while the last one ran. */
  facts: operation(FactRequest, FactAnswer),
  /** What would become of these facts; writes nothing. */
  'facts-preview': operation(z.object({ facts: z.array(FactRequest).max(PLAN_FACTS_MAX) }), PreviewedFacts),
  /** A message of the ingest stream that was put aside, told once more; problem 400 where it is still none. */
  'ingest-replay': operation(z.object({ subject: z.string(), payload: z.string() }), FactAnswer),
  /** A source's complete list begins; one that was begun before and not ended is given up. */
  'snapshot-begin': operation(z.object({ source: z.string().min(1).max(256), caller: Caller }), z.object({ id: Id })),
  /** Some of its lines; nothing comes of them yet. */
  'snapshot-add': operation(z.object({ id: Id, lines: z.array(z.object({ line: Count, fact: z.unknown() })).min(1).max(SNAPSHOT_LINES_MAX), caller: Caller }), z.object({ faults: z.array(SnapshotFault) })),
  /** It has ended, with so many lines; refused and forgotten where these are not the lines that came, or none. */
  'snapshot-close': operation(z.object({ id: Id, count: Count, caller: Caller }), Nothing),
  /** Carries out a part of it; to be asked until there is no more. */
  'snapshot-step': operation(z.object({ id: Id, caller: Caller }), SnapshotStep),
  'vm-get': operation(z.object({ vmId: VmId, caller: Caller }), VmView),
  'vm-find': operation(Page.extend({ ip: z.string().optional(), name: z.string().optional(), tenant: TenantId.optional(), caller: Caller }), z.object({ items: z.array(VmView), next: z.string().optional() })),
  'changes-after': operation(ChangesAfter, changesPage(VmState)),
  standing: operation(Nothing, z.object({ lag: Lag })),
  'brakes-get': operation(Nothing, Brakes),
  'brakes-put': operation(z.object({ brakes: Brakes, caller: Caller }), Brakes),
  ...holdOperations,
};

export const ConnectionInput = z.object({ name: z.string().min(1).max(128), provider: ProviderName, settings: z.record(z.string(), z.unknown()), sealed: z.record(z.string(), z.string()) });
export type ConnectionInput = z.infer<typeof ConnectionInput>;
export const Connection = z.object({ id: Id, name: z.string(), provider: ProviderName, settings: z.record(z.string(), z.unknown()), /** Names of the secret fields that are set; never a value. */ secrets: z.array(z.string()), /** By secret: the key (`kid`) of its adapter that opens it. */ sealedFor: z.record(z.string(), z.string()).optional(), paused: z.boolean(), createdAt: Instant, revision: z.int() });
export type Connection = z.infer<typeof Connection>;

export const TtlSettings = z.object({ forward: z.int().min(1).max(2_147_483_647).default(300), reverse: z.int().min(1).max(2_147_483_647).default(3600) });
export const AddressFilter = z.union([z.enum(['all', 'public', 'private']), z.object({ ranges: z.array(z.string()).min(1) })]);
/** When names that leave a zone for another wait for a person (L13). */
export const ZoneLimits = z.object({
  rehomeShare: z.number().min(0).max(1).default(0.3).describe('A re-homing of more than this share of the zone waits for a person.'),
  rehomeNames: z.int().min(1).default(20).describe('Unless it is fewer names than this.'),
  removalShare: z.number().min(0).max(1).default(0.3).describe('More removals than this share of the names, within the window, wait for a person.'),
  removalNames: z.int().min(1).default(20).describe('Unless it is fewer than this.'),
  removalCount: z.int().min(1).default(500).describe('More than this wait whatever their share.'),
  removalWindowSeconds: z.int().min(1).max(86_400).default(600),
});
/** How often a zone is compared with its provider, give or take a tenth; 0: only when asked. */
export const ReconcileSettings = z.object({ everySeconds: z.union([z.literal(0), z.int().min(60).max(31_536_000)]).default(86_400) });
export type ReconcileSettings = z.infer<typeof ReconcileSettings>;
export const ZoneInput = z.object({
  name: z.string().min(1).max(255), connectionId: Id, mode: ZoneMode.default('write'), ttl: TtlSettings.prefault({}),
  /** Which addresses' records this entry takes. */
  addresses: AddressFilter.default('all'),
  /** Reserved labels or owner names relative to the apex; absent: the default list. `ns*` matches a prefix. */
  reservedNames: z.array(z.string()).optional(),
  limits: ZoneLimits.prefault({}),
  reconcile: ReconcileSettings.prefault({}),
  settings: z.record(z.string(), z.unknown()).default({}),
});
export type ZoneInput = z.infer<typeof ZoneInput>;
/** Until then removals in the zone are not held; who said so is in the audit list. */
export const BrakeOff = z.object({ until: Instant, by: z.string(), why: z.string() });
export type BrakeOff = z.infer<typeof BrakeOff>;
/** Work in pages on a zone's names, after the zone set or a setting changed: `waiting` for its turn, `planning`, then `writing` what came of it. */
export const ZoneProgress = z.object({
  state: z.enum(['waiting', 'planning', 'writing']),
  done: Count, total: Count.nullable().describe('null: not counted yet.'),
  why: z.string(), since: Instant,
});
export type ZoneProgress = z.infer<typeof ZoneProgress>;
export const Zone = ZoneInput.extend({ brakeOff: BrakeOff.optional(), progress: ZoneProgress.optional().describe('Of one zone that is asked for, while there is some.'), id: Id, provider: ProviderName, state: z.enum(['active', 'leaving', 'removed']), paused: z.boolean(), createdAt: Instant, revision: z.int(), counts: z.record(z.string(), Count) });
export type Zone = z.infer<typeof Zone>;
export const ZonePatch = z.object({ mode: ZoneMode, ttl: TtlSettings, addresses: AddressFilter, reservedNames: z.array(z.string()), limits: ZoneLimits, brakeOff: BrakeOff.omit({ by: true }).nullable(), reconcile: ReconcileSettings, settings: z.record(z.string(), z.unknown()) }).partial();

export type ZonePatch = z.infer<typeof ZonePatch>;

/** One owner name of a zone as the planner knows it. */
export const ZoneRecord = z.object({ name: z.string(), state: z.string(), reason: Reason.optional(), rrsets: z.array(RrsetBody), generation: Count });
export type ZoneRecord = z.infer<typeof ZoneRecord>;

export const PauseScope = z.discriminatedUnion('kind', [z.object({ kind: z.literal('all') }), z.object({ kind: z.literal('zone'), id: Id }), z.object({ kind: z.literal('connection'), id: Id })]);
export type PauseScope = z.infer<typeof PauseScope>;
export const Pause = z.object({ id: Id, scope: PauseScope, by: z.string(), why: z.string(), since: Instant, until: Instant.nullable() });
export type Pause = z.infer<typeof Pause>;

/** What is said when something was told to stop: whether it stands still by now. */
export const StopWord = z.object({
  confirmed: z.boolean().optional().describe('True: no call to the provider is out any more, and none follows. False: `note` says what may still happen.'),
  note: z.string().optional(),
});
export type StopWord = z.infer<typeof StopWord>;
/** A pause just made. */
export const PauseMade = Pause.extend(StopWord.shape);
export type PauseMade = z.infer<typeof PauseMade>;
/** A zone just changed; the word is there where it was told to be observed only. */
export const ZoneChanged = Zone.extend(StopWord.shape);
export type ZoneChanged = z.infer<typeof ZoneChanged>;

export const PlanningSettings = z.object({
  mainDomain: z.string().nullable().default(null),
  tenantDomains: z.record(z.string(), z.string()).default({}),
  forwardAddresses: z.enum(['primary', 'all']).default('primary'),
  zoneMatch: z.enum(['closest', 'every']).default('closest'),
  /** The first range that holds the address gives the PTR; `{ip-dashed}` is 192-0-2-5, or the 8 groups of an IPv6 address. */
  ptrTemplates: z.array(z.object({ range: z.string(), pattern: z.string() })).default([]),
  /** Names and addresses in these wait for a zone (`waiting: no-zone`); others are `outside`. */
  ownDomains: z.array(z.string()).default([]),
  ownRanges: z.array(z.string()).default([]),
});
export type PlanningSettings = z.infer<typeof PlanningSettings>;

/** What a tenant's VMs may be called, and which addresses they may have. */
export const TenantLimits = z.object({
  domains: z.array(z.string().max(255)).max(1000).nullable().describe('Names lie in one of these; null: any name; an empty list: none.'),
  ranges: z.array(z.string().max(64)).max(1000).nullable().describe('Addresses lie in one of these; null: any address; an empty list: none.'),
});
export type TenantLimits = z.infer<typeof TenantLimits>;
export const Tenant = z.object({ tenant: TenantId, limits: TenantLimits, changedBy: z.string().optional(), changedAt: Instant.optional() });
export type Tenant = z.infer<typeof Tenant>;

/** An explanation: sentences for a person, data for a program. */
export const Explanation = z.object({ query: z.string(), kind: z.enum(['vm', 'name', 'address', 'unknown']), sentences: z.array(z.string()), vms: z.array(VmDns), names: z.array(z.object({ name: z.string(), zone: z.string().nullable(), provider: z.string().nullable(), state: z.string(), reason: Reason.optional(), generation: Count, rrsets: z.array(z.unknown()), since: Instant.optional(), nextTryAt: Instant.optional() })) });
export type Explanation = z.infer<typeof Explanation>;

/** One address of a VM as the legacy feed tells it: names without the dot at the end. */
export const LegacyEntry = z.object({ forward: z.string(), ip: z.string(), reverse: z.string() });
export type LegacyEntry = z.infer<typeof LegacyEntry>;

export const plannerRpc = {
  'vm-dns': operation(z.object({ vmId: VmId, caller: Caller, minRevision: Count.optional() }), VmDns),
  /** By the beginning of an id, name or address, or a tenant; a page may be short or empty and still have a `next`. */
  'vm-search': operation(Page.extend({ q: z.string().max(255).default(''), state: VmDnsState.optional(), caller: Caller }), z.object({ items: z.array(VmSummary), next: z.string().optional() })),
  /** What planning would make of these states; writes nothing. */
  'plan-preview': operation(z.object({ states: z.array(VmState).max(PLAN_FACTS_MAX) }), PlannedFacts),
  overview: operation(Nothing, PlanningOverview),
  explain: operation(z.object({ q: z.string().min(1).max(255), caller: Caller }), Explanation),
  /** A page of what the legacy feed tells: VMs by id, so that an item's VM may give several. */
  'legacy-feed': operation(z.object({ cursor: z.string().optional(), limit: z.int().min(1).max(1000) }), z.object({ items: z.array(LegacyEntry), next: z.string().optional() })),
  providers: operation(Nothing, z.object({ items: z.array(Announcement.extend({ seenAt: Instant })) })),
  'connection-add': operation(z.object({ input: ConnectionInput, caller: Caller }), Connection),
  'connection-list': operation(Page, z.object({ items: z.array(Connection), next: z.string().optional() })),
  'connection-get': operation(z.object({ id: Id }), Connection),
  /** Replaces the named secret fields and settings only; a setting of null is taken away. `sameServer`: the settings, now or as they were changed, lead to the same server as before. */
  'connection-change': operation(z.object({ id: Id, name: z.string().optional(), settings: z.record(z.string(), z.unknown()).optional(), sealed: z.record(z.string(), z.string()).optional(), /** Secrets that are taken away. */ unsealed: z.array(z.string()).optional(), sameServer: z.boolean().default(false), caller: Caller }), Connection),
  'connection-remove': operation(z.object({ id: Id, caller: Caller }), Nothing),
  'zone-add': operation(z.object({ input: ZoneInput, caller: Caller }), Zone),
  'zone-list': operation(Page.extend({ name: z.string().optional() }), z.object({ items: z.array(Zone), next: z.string().optional() })),
  'zone-get': operation(z.object({ id: Id }), Zone),
  'zone-change': operation(z.object({ id: Id, patch: ZonePatch, caller: Caller }), ZoneChanged),
  /** `purge` removes our records first; else they stay at the provider. */
  'zone-remove': operation(z.object({ id: Id, purge: z.boolean().default(false), caller: Caller }), Zone),
  /** `purge` removes our records at the first server, each when the second has it; else they stay there. */
  'zone-move': operation(z.object({ id: Id, connectionId: Id, purge: z.boolean().default(false), /** By the other provider's form; absent: as they are. */ settings: z.record(z.string(), z.unknown()).optional(), caller: Caller }), Zone),
  'zone-names': operation(Page.extend({ id: Id, state: z.string().optional() }), z.object({ items: z.array(ZoneRecord), next: z.string().optional() })),
  'pause-add': operation(z.object({ scope: PauseScope, why: z.string().max(500).default(''), until: Instant.nullable().default(null), caller: Caller }), PauseMade),
  'pause-list': operation(Nothing, z.object({ items: z.array(Pause) })),
  'pause-remove': operation(z.object({ id: Id, caller: Caller }), Nothing),
  /** Hands off an owner name, in every zone that has it or in one: whatever is there stays and is not ours. */
  'record-release': operation(z.object({ name: z.string(), zoneId: Id.optional(), why: z.string().max(500).default(''), caller: Caller }), HandedNames),
  /** Gives it back, or takes over what is in its way: what is there at the wanted types becomes ours, and as wanted. */
  'record-adopt': operation(z.object({ name: z.string(), zoneId: Id.optional(), why: z.string().max(500).default(''), caller: Caller }), HandedNames),
  'tenant-list': operation(Nothing, z.object({ items: z.array(Tenant) })),
  'tenant-get': operation(z.object({ tenant: TenantId }), Tenant),
  /** Both null: no limits any more. The tenant's VMs are planned again. */
  'tenant-limit': operation(z.object({ tenant: TenantId, limits: TenantLimits, caller: Caller }), Tenant),
  'settings-get': operation(Nothing, PlanningSettings),
  'settings-put': operation(z.object({ settings: PlanningSettings, caller: Caller }), PlanningSettings),
  'changes-after': operation(ChangesAfter, changesPage(ZoneFeedBody)),
  ...holdOperations,
};

/** One step of a zone test: what was tried, how it went, how long it took, what to do. */
export const TestStep = z.object({ step: z.string(), ok: z.boolean(), warning: z.boolean().default(false), text: z.string(), hint: z.string().optional(), tookMs: z.number() });
export type TestStep = z.infer<typeof TestStep>;
export const ZoneTest = z.object({ ok: z.boolean(), steps: z.array(TestStep) });
export type ZoneTest = z.infer<typeof ZoneTest>;

/** Facts in one `zones-stop`. */
export const STOPPED_MAX = 200;

/** Operations of every adapter, at `vmdns.rpc.adapter-<provider>.<operation>`. */
export const adapterRpc = {
  /** A saved zone by id, or an unsaved one by apex and connection (saved, or given with sealed secrets). */
  'zone-test': operation(z.object({ zoneId: Id.optional(), apex: z.string().optional(), connectionId: Id.optional(), connection: z.object({ settings: z.record(z.string(), z.unknown()), sealed: z.record(z.string(), z.string()) }).optional(), settings: z.record(z.string(), z.unknown()).optional(), /** Also write, read and remove a record; of a saved zone only. */ probe: z.boolean().default(false), /** An inbox of the gateway, told each step as it ends. */ watch: z.string().max(128).optional() }), ZoneTest),
  /** Compares the zone with its provider as soon as may be. `trustListing`: it is so although most of what is ours is missing there. */
  'zone-reconcile': operation(z.object({ zoneId: Id, trustListing: z.boolean().default(false) }), ZoneDrift),
  /** The last comparison. */
  'zone-drift': operation(z.object({ zoneId: Id }).extend(DriftAsk.shape), ZoneDrift),
  /** Compares, then takes over what is there; what is otherwise only where `different` says so. */
  'zone-adopt': operation(z.object({ zoneId: Id, different: AdoptDifferent.default('none'), dryRun: z.boolean().default(false) }), Adoption),
  /** Forgets that anything there is ours; the zone must be in mode observe, as of this revision or a later one. */
  'zone-release': operation(z.object({ zoneId: Id, revision: z.int() }), z.object({ released: Count })),
  /** How its connections and its intake are, for the first page. */
  standing: operation(Nothing, AdapterStanding),
  /** Facts of the zone feed, told by the planner when something stops; answered when no call to these zones is out any more, or after `waitMs` with those that still are. */
  'zones-stop': operation(z.object({ changes: z.array(ZoneFeedBody).max(STOPPED_MAX), waitMs: z.int().min(0).max(10_000) }), z.object({ writing: z.array(Id) })),
};
export const adapterService = (provider: string) => `adapter-${provider}`;

export const LogEntry = z.object({
  id: z.string(), at: Instant, kind: z.enum(['result', 'dead-letter', 'notice']),
  zone: z.string().optional(), zoneId: z.string().optional(), provider: z.string().optional(), name: z.string().optional(), vms: z.array(z.string()),
  /** The name's state, `behind`, `dead`, `ignored` (a fact) or `noticed` (a zone). */
  status: z.string(), text: z.string(), providerText: z.string().optional(), generation: Count.optional(), timeline: Count.optional(), turn: Count.optional(), rrsets: z.array(z.unknown()).optional(), traceId: z.string().optional(),
});
export type LogEntry = z.infer<typeof LogEntry>;
export const LogFilter = z.object({ zone: z.string().optional(), provider: z.string().optional(), vmId: z.string().optional(), name: z.string().optional(), status: z.string().optional(), since: Instant.optional() });
export type LogFilter = z.infer<typeof LogFilter>;
/** On `vmdns.logentry`: entries that were just stored, several in one message; at most once, for those who follow live. */
export const ToldEntries = z.array(LogEntry);
export type ToldEntries = z.infer<typeof ToldEntries>;
export const logRpc = {
  search: operation(LogFilter.extend(Page.shape), z.object({ items: z.array(LogEntry), next: z.string().optional() })),
  'dead-letters': operation(Page.extend({ service: z.string().optional(), state: z.enum(['open', 'replayed']).optional() }), z.object({ items: z.array(DeadLetter), next: z.string().optional() })),
  'dead-letter-get': operation(z.object({ id: z.uuid() }), DeadLetterShown),
  /** The message as it came, to be told once more. */
  'dead-letter-take': operation(z.object({ id: z.uuid(), isMended: z.boolean() }), z.object({ subject: z.string(), payload: z.string() })),
  'dead-letter-replayed': operation(z.object({ id: z.uuid(), caller: Caller }), DeadLetter),
  rates: operation(z.object({ minutes: z.int().min(1).max(120).default(30) }), Rates),
};

export type OperationsOf<S> = S extends 'inventory' ? typeof inventoryRpc : S extends 'planner' ? typeof plannerRpc : S extends 'log' ? typeof logRpc : typeof adapterRpc;
