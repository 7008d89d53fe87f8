import { performance } from 'node:perf_hooks';
import { setImmediate as yieldLoop } from 'node:timers/promises';
import { isTransient } from '@vmdns/bus';
import type { Log } from '@vmdns/chassis';
import type { DriftCounts, Reason } from '@vmdns/contracts';
import { ProviderError, type ZonePort } from '@vmdns/provider-kit';
import type { Store } from '@vmdns/store';
import type { Host } from '../host.js';
import { BACKOFF, backoffMs } from '../lanes/backoff.js';
import type { Noticer } from '../results/noticer.js';
import type { Connections } from '../zones/connections.js';
import { type Compared, judgeListing, type ListingVerdict, ZoneComparison } from './compare-zone.js';
import { claimComparison, COMPARISON_LIFE_SECONDS, type DueComparison, readLedger, repairNames, storeComparison, storeFault } from './comparison-table.js';

export interface ComparerParts {
  readonly notices: Noticer;
  readonly log: Log;
  /** Names have become due. */
  readonly wake: () => void;
}

/** Whole zones in memory at the same time. */
const AT_ONCE = 2;
const LEDGER_PAGE = 2000;
/** A doubtful listing is looked at again after this time. */
const SUSPECT_AGAIN_SECONDS = 600;
/** The reading is given up before its claim ends. */
const READING_MS = (COMPARISON_LIFE_SECONDS - 60) * 1000;

/**
 * Compares whole zones with what vmdns wants there, by time and when asked, and lets what is ours be put right. It
 * reads beside the lanes, so that no change waits for it; what a lane changed meanwhile is left out.
 */
export class Comparer {
  private readonly running = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private readonly ending = new AbortController();
  private looking: Promise<void> | undefined;

  constructor(private readonly host: Host, private readonly store: Store, private readonly connections: Connections, private readonly parts: ComparerParts) {}

  start(): void {
    this.timer = setInterval(() => this.wake(), this.host.timing.pollMs);
    this.wake();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.ending.abort();
    await this.looking;
    await Promise.all(this.running);
  }

  /** Looks for what is due; one look at a time. */
  wake(): void {
    if (this.ending.signal.aborted) return;
    this.looking ??= this.look()
      .catch((error: unknown) => this.parts.log[isTransient(error) ? 'debug' : 'error']({ err: error }, 'comparisons have to wait'))
      .finally(() => { this.looking = undefined; });
  }

  private async look(): Promise<void> {
    while (this.running.size < AT_ONCE && !this.ending.signal.aborted) {
      const due = await claimComparison(this.store, this.host.instance);
      if (due === undefined) return;
      const work: Promise<void> = this.compare(due)
        .catch((error: unknown) => this.parts.log.warn({ err: error, target: due.target }, 'a comparison broke off'))
        .finally(() => { this.running.delete(work); this.wake(); });
      this.running.add(work);
    }
  }

  private async compare(due: DueComparison): Promise<void> {
    const startedAt = performance.now();
    const opened = await this.connections.openZone(
      { connectionId: due.connection_id, revision: due.connection_revision, settings: due.connection_settings, sealed: due.sealed }, { apex: due.apex, settings: due.zone_settings }, { target: due.target, isBulk: true });
    if (!opened.ok) return this.failed(due, opened.reason, undefined);
    const comparison = new ZoneComparison();
    try {
      await this.read(opened.port, comparison);
    } catch (error) {
      if (this.ending.signal.aborted) return storeFault(this.store, due, this.host.instance, { code: 'provider-unreachable', text: 'the process ended while it read the zone' }, 1);
      return this.failed(due, faultOf(error, due.apex), error);
    }
    await this.meetLedger(due, comparison);
    const compared = comparison.end();
    const verdict = due.trusts_listing && comparison.size > 0 ? 'trusted' : this.judge(due, judgeListing(comparison.size, compared));
    await this.end(due, compared, verdict, performance.now() - startedAt);
  }

  private async read(port: ZonePort, comparison: ZoneComparison): Promise<void> {
    await port.readZone((piece) => comparison.read(piece), AbortSignal.any([this.ending.signal, AbortSignal.timeout(READING_MS)]));
  }

  private async meetLedger(due: DueComparison, comparison: ZoneComparison): Promise<void> {
    for (let after = ''; ;) {
      const page = await readLedger(this.store, due.target, after, due.began_at, LEDGER_PAGE);
      comparison.meet(page);
      const last = page.at(-1);
      if (last === undefined || page.length < LEDGER_PAGE) return;
      after = last.ownerName;
      await yieldLoop();
    }
  }

  /** Seen a second time, some minutes later, a listing is what it is. */
  private judge(due: DueComparison, verdict: ListingVerdict): ListingVerdict {
    return verdict === 'suspect' && due.is_seen_again === true ? 'trusted' : verdict;
  }

  private async end(due: DueComparison, compared: Compared, verdict: ListingVerdict, tookMs: number): Promise<void> {
    const fault = verdict === 'trusted' ? null : faultOfListing(verdict, due.apex, compared);
    const repaired = await this.store.transaction(async (tx) => {
      const mended = verdict !== 'trusted' || due.observe ? 0 : await repairNames(tx, due, compared.broken);
      const counts: DriftCounts = { ...compared.counts, repaired: mended };
      const kept = await storeComparison(tx, due, this.host.instance, {
        counts, entries: compared.entries, tookMs, fault, isSuspect: verdict === 'suspect', againSeconds: verdict === 'trusted' ? null : SUSPECT_AGAIN_SECONDS,
      });
      return kept ? mended : 0;
    });
    const { equal, differs, missing, orphans, foreign, moving } = compared.counts;
    const fields = { target: due.target, equal, differs, missing, orphans, foreign, moving, repaired, tookMs: Math.round(tookMs) };
    if (fault === null) this.parts.log.info(fields, 'zone compared');
    else this.parts.log.warn({ ...fields, verdict }, 'a listing is not believed: nothing follows from it');
    this.parts.notices.compared({ apex: due.apex, zoneId: due.zone_id }, fault, verdict === 'trusted' && !due.observe ? compared.broken : []);
    if (repaired > 0) this.parts.wake();
  }

  private async failed(due: DueComparison, fault: Reason, error: unknown): Promise<void> {
    const until = error instanceof ProviderError ? error.detail.until : undefined;
    const seconds = Math.max(backoffMs(BACKOFF.credentials, due.failures + 1, Math.random()), (until ?? 0) - Date.now()) / 1000;
    this.parts.log.warn({ err: error, target: due.target, code: fault.code }, 'a zone could not be compared');
    await storeFault(this.store, due, this.host.instance, fault, Math.ceil(seconds));
  }
}

const CODES = {
  retry: 'provider-unreachable', throttled: 'throttled', conflict: 'provider-unreachable', refused: 'refused-by-provider', credentials: 'credentials', 'missing-zone': 'zone-missing', 'zone-full': 'zone-full',
} as const;

function faultOf(error: unknown, apex: string): Reason {
  if (!(error instanceof ProviderError)) return { code: 'provider-unreachable', text: `The zone ${apex} could not be read whole.` };
  return { code: CODES[error.kind], text: `The zone ${apex} could not be read whole: ${error.message}.`, ...(error.detail.hint === undefined ? {} : { hint: error.detail.hint }) };
}

function faultOfListing(verdict: 'suspect' | 'empty', apex: string, { owned, lost }: Compared): Reason {
  if (verdict === 'empty') return { code: 'zone-missing', text: `The provider lists nothing at all in ${apex}, not even its SOA or NS; nothing is changed because of it.`, hint: 'Check at the provider whether the zone is there and loaded.' };
  return {
    code: 'unconfirmed', text: `The provider's listing of ${apex} lacks ${lost} of the ${owned} RRsets that vmdns wrote there. Nothing is put back before the same is seen again, at least five minutes later.`,
    hint: 'Check whether it is the right server and zone. If it is, vmdns zone reconcile --trust-listing puts them back at once.',
  };
}
