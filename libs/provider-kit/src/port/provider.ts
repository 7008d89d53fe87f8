import type { z } from 'zod';
import type { Rrset } from '@vmdns/domain';

/** What a provider can and cannot, declared as data: plans are refused early, and tests skip by it. */
export interface Capabilities {
  readonly grain: 'rrset' | 'record';
  /** One call may carry many changes, all or nothing. */
  readonly batch: boolean;
  readonly types: readonly string[];
  /** Seconds. */
  readonly ttl: { readonly min: number; readonly max: number };
  /** L9: whether the API's answer proves the change, or the name server must be asked. */
  readonly verify: 'api' | 'dns';
  readonly multiplePtr: boolean;
  readonly wildcard: boolean;
  readonly classlessReverse: boolean;
  /** `harmful`: no second writer may start before a lost call can no longer take effect. */
  readonly overlap: 'harmless' | 'harmful';
  /** After so long a sent call cannot take effect any more (PROTOCOL §5); at the least, where that depends on the zone. */
  readonly callLifeMs: number;
}

/** What a provider allows, less what is left to people and other tools: in any time of n seconds at most `burst + n · callsPerSecond`. */
export interface CallRate {
  readonly callsPerSecond: number;
  /** Saved up while nothing is called. */
  readonly burst: number;
}

/** What shares a budget of calls: a server, an account, a user. */
export interface Limiter {
  readonly key: string;
  readonly inFlightMax: number;
  /** Absent: the provider does not count calls. */
  readonly rate?: CallRate;
}

/** What a provider said of its limits in an answer. */
export interface RateNews {
  /** Of its policies the tightest. */
  readonly callsPerSecond?: number;
  /** So many calls are left for so long, whoever makes them. */
  readonly left?: { readonly calls: number; readonly forMs: number };
}

/** The budget of a limiter that has a rate, shared by all zones and replicas (PROTOCOL §5). */
export interface CallBudget {
  /** Before each call of the API: waits for its turn, or throws ProviderError `throttled` where that would be long. */
  take(signal: AbortSignal): Promise<void>;
  heard(news: RateNews): void;
}

/** A provider as one folder defines it; the host, the console and the CLI learn all else from this. */
export interface ProviderDefinition<C = unknown, Z = unknown> {
  readonly name: string;
  /** Fields marked `.meta({ secret: true })` are sealed at the door and never come out. */
  readonly connectionSchema: z.ZodType<C>;
  readonly zoneSchema: z.ZodType<Z>;
  readonly capabilities: Capabilities;
  /** The zone as the provider knows it, e.g. `powerdns|http://ns1:8081|localhost|example.com.`; pure, no call. */
  target(connection: C, apex: string, zone: Z): string;
  /** Pure: what this connection shares with others. */
  limiter(connection: C): Limiter;
  /** How many calls the server says it bears at once; null where it does not tell. Asked once per connection and process; the lower number holds. */
  learnInFlightMax?(connection: C, signal: AbortSignal): Promise<number | null>;
  /** Pure: no call is made before the first verb. Without a budget calls are made as they come. */
  open(connection: C, apex: string, zone: Z, budget?: CallBudget): ZonePort;
  /** Each step is reported as it ends; never throws. */
  testZone(connection: C, apex: string, zone: Z, signal: AbortSignal, budget?: CallBudget): AsyncIterable<TestStep>;
}

export interface TestStep {
  readonly step: string;
  readonly ok: boolean;
  readonly warning?: boolean;
  readonly text: string;
  readonly hint?: string;
  readonly tookMs: number;
  /** Records of the zone and how many it takes, where this step is about that: the host adds how many vmdns has still to write. */
  readonly room?: { readonly used: number; readonly limit: number };
  /** Who serves the zone, absolute and canonical, where the provider tells it elsewhere than in NS records at the apex. */
  readonly nameServers?: readonly string[];
}

/** One RRset's change. */
export type RrsetChange = { readonly kind: 'put'; readonly rrset: Rrset } | { readonly kind: 'remove'; readonly name: string; readonly type: string };

/** What a provider keeps beside an RRset; vmdns shows it and never changes it. */
export interface Remarks { readonly proxied?: boolean; readonly comments?: readonly string[] }
/** An RRset of a whole reading, with what stands beside it where the provider has such things. */
export interface ReadRrset extends Rrset { readonly remarks?: Remarks }

/** What a write brought. */
export interface WriteReceipt {
  /** The change token after it, where the provider has one. */
  readonly tokenAfter: string | null;
  /** `tidy` is due when the zone has been quiet for `tidyAfterMs`. */
  readonly untidy?: boolean;
}

/** What the engine lends a write. */
export interface WriteAid {
  /** Before each further call of one write: throws when the lane was lost, so that nothing more is sent (L5). */
  goOn(): Promise<void>;
  /** What is ours in the whole zone as this turn began, for a write that replaces all of it; null where nobody keeps it. */
  ledger(): Promise<ZoneLedger | null>;
}

/** Owner name → the types that we own there, or were about to. */
export type ZoneLedger = ReadonlyMap<string, ReadonlySet<string>>;

/** All RRsets at the asked names, each of which has an entry (empty: nothing there). `token`: the zone's when the reading began; the oldest, where it moved meanwhile. */
export interface NamesReading {
  readonly held: ReadonlyMap<string, readonly Rrset[]>;
  readonly token: string | null;
  /** This provider shows what is switched off in whole readings only: here it is missing. */
  readonly hidesDisabled?: boolean;
}

/**
 * The verbs of one zone, in the API's own grain. Owner names are absolute and canonical on both sides, values of
 * managed types canonical and sorted; a provider translates. Every verb honours the signal, throws only ProviderError,
 * and keeps no state that another replica would need. Records that are switched off are RRsets of `disabledType(type)`.
 */
export interface ZonePort {
  /** Whatever the type; the names are read in parallel as far as the provider bears it. */
  readNames(names: readonly string[], signal: AbortSignal): Promise<NamesReading>;
  /**
   * The whole zone, SOA and apex NS included, handed over in pieces so that no piece blocks the process for long; all
   * RRsets of one name need not be in one piece. Throws rather than give a partial list: what was
   * handed over counts only once this resolves (L2). `token` is the zone's when the reading began.
   */
  readZone(take: (piece: readonly ReadRrset[]) => void, signal: AbortSignal): Promise<{ readonly token: string | null }>;
  /** Where the provider has a change token (PROTOCOL §6): equal tokens mean an equal zone. */
  readonly changeToken?: {
    /** The token as far as it is known without a call; null where it is not, or where that was too long ago. */
    peek?(): string | null;
    /** Null where this zone's cannot be relied on. */
    read(signal: AbortSignal): Promise<string | null>;
    /** Whether exactly one write lies between the two, e.g. serial + 1. */
    follows(before: string, after: string): boolean;
  };
  /**
   * Puts and removes RRsets as one call where capabilities.batch or the zone's own says so; removals come first. The engine never gives
   * more than `chunk` allows. `held` has what was read of these names in this turn; names that were not read are missing
   * from it. What `held` has as switched off at an RRset that is put or removed is kept, unless the put has its value.
   */
  write(changes: readonly RrsetChange[], held: ReadonlyMap<string, readonly Rrset[]>, signal: AbortSignal, aid?: WriteAid): Promise<WriteReceipt>;
  /** In place of the capabilities': whether this zone takes many changes at once. */
  readonly batch?: boolean;
  /** In place of the capabilities', where it is longer: as of the last reading. */
  readonly callLifeMs?: number;
  /** One name costs as much to read as so many RRsets of the whole zone; absent: 100, and up to 8 names are always read by name. */
  readonly rrsetsPerName?: number;
  /** Most changes, and most bytes (or what else `sizeOf` counts, e.g. operations), of one write. */
  readonly chunk: { readonly changesMax: number; readonly bytesMax: number; sizeOf(change: RrsetChange): number };
  /** Straight after a write succeeded, before its outcome is stored: e.g. flush the answer cache (PROTOCOL §6). */
  afterWrite?(signal: AbortSignal): Promise<void>;
  /** Ask the zone's name server for these RRsets, at most 32; where its address is known (L9). Gives those that answer otherwise. */
  askDns?(expected: readonly ExpectedAnswer[], signal: AbortSignal): Promise<readonly WrongAnswer[]>;
  /** Later, when the zone has been quiet for `tidyAfterMs`: e.g. a debounced rectify. May run twice. */
  tidy?(signal: AbortSignal): Promise<void>;
  /** How long after the last write that left the zone untidy `tidy` is due, in ms; absent: never. */
  readonly tidyAfterMs?: number;
}

/** An RRset that must answer; `values` empty: none of `gone` may answer any more (a wildcard may answer in its place). */
export interface ExpectedAnswer { readonly name: string; readonly type: string; readonly values: readonly string[]; readonly gone?: readonly string[] }

/** What the name server said instead: its values, or a word for why there are none (`NXDOMAIN`, `no answer`, …). */
export interface WrongAnswer {
  readonly expected: ExpectedAnswer;
  readonly answered: string;
  /** Nothing came at all: asking again at once is no use. */
  readonly silent?: boolean;
  /** What a person can do, where the provider knows more than that. */
  readonly hint?: string;
}
