import { type NameOutcome, ProviderError, runTurn, type TurnOutcome, type TurnReason, type ZoneLedger, type ZonePort } from '@vmdns/provider-kit';
import type { Log } from '@vmdns/chassis';
import type { Host } from '../host.js';
import type { AdapterMetrics } from '../metrics.js';
import type { Connections } from '../zones/connections.js';
import { BULK, type TurnBudget } from './budget.js';
import type { Claim } from './claim.js';
import { judgeNames, judgeTurn, type TurnVerdict } from './judge.js';
import type { Lease, Leases } from './lease.js';
import type { TurnEnd } from './turn-commit.js';

/** Rectify and the like that failed is tried again so much later. */
const TIDY_AGAIN_MS = 60_000;
/** No call is begun after so long: what was done is stored, and what came meanwhile and is more urgent goes first. */
const TURN_MS = 15_000;

/** Runs one turn on one claimed lane: the only place that talks to the provider for a command. */
export class Turns {
  constructor(
    private readonly host: Host,
    private readonly connections: Connections,
    private readonly leases: Leases,
    private readonly parts: { readonly metrics: AdapterMetrics; readonly log: Log; readonly ledgerOf: (target: string) => Promise<ZoneLedger> },
  ) {}

  async run(claim: Claim, lease: Lease): Promise<TurnEnd> {
    const opened = await this.connections.openZone(claim.connection, claim.zone, { target: claim.target, isBulk: claim.names.every((row) => row.priority >= BULK) });
    if (!opened.ok) return this.endOf(claim, outcomeOfFailure(claim, new ProviderError('credentials', opened.reason.text), { code: 'credentials', text: opened.reason.text, ...hintOf(opened.reason.hint) }), new Set(), lease, undefined);
    if (claim.names.length === 0) return claim.isTidyDue ? this.tidy(claim, lease, opened.port) : this.endOf(claim, nothingTried(claim), new Set(), lease, undefined);
    const sent = new Set<string>();
    const outcome = await this.turn(claim, lease, opened.port, sent, opened.budget);
    for (const report of outcome.reports) this.parts.log.warn({ target: claim.target, ...report }, 'the zone was not as expected');
    return this.endOf(claim, outcome, sent, lease, opened.port);
  }

  private async turn(claim: Claim, lease: Lease, zone: ZonePort, sent: Set<string>, budget: TurnBudget | undefined): Promise<TurnOutcome> {
    const stop = this.parts.metrics.turn();
    const startedAt = performance.now();
    try {
      return await runTurn(
        {
          provider: this.host.provider, apex: claim.zone.apex, zone, capabilities: this.host.definition.capabilities,
          due: claim.names, ledger: () => this.parts.ledgerOf(claim.target), knowledge: claim.knowledge, mode: claim.observe ? 'observe' : 'write', attempt: claim.failures,
          probe: claim.limiter.failures > 0,
        },
        lease.signal,
        {
          beforeWrite: async (names, lifeMs) => {
            const isBegun = names.every((name) => sent.has(name));
            if (!isBegun && sent.size > 0 && performance.now() - startedAt > TURN_MS) return false;
            if (budget !== undefined && !(await budget.reserve(lease.signal))) return false;
            if (!(await this.leases.maySend(lease, lifeMs))) return false;
            for (const name of names) sent.add(name);
            return true;
          },
        },
      );
    } catch (error) {
      this.parts.log.error({ err: error, target: claim.target }, 'a turn broke off');
      const failure = new ProviderError('retry', `working on ${claim.zone.apex}`, { cause: error, inDoubt: sent.size > 0 });
      return outcomeOfFailure(claim, failure, { code: 'provider-unreachable', text: 'the adapter could not finish its turn' }, sent);
    } finally {
      stop();
    }
  }

  private async tidy(claim: Claim, lease: Lease, zone: ZonePort): Promise<TurnEnd> {
    const end = this.endOf(claim, nothingTried(claim), new Set(), lease, undefined);
    try {
      if (await this.leases.maySend(lease)) await zone.tidy?.(lease.signal);
      return { ...end, tidy: 'done' };
    } catch (error) {
      this.parts.log.warn({ err: error, target: claim.target }, 'tidying a zone failed, it will be tried again');
      return { ...end, tidy: { afterMs: TIDY_AGAIN_MS } };
    }
  }

  private endOf(claim: Claim, outcome: TurnOutcome, sent: ReadonlySet<string>, { deadAfterMs }: Lease, zone: ZonePort | undefined): TurnEnd {
    const firstReason = outcome.names.find((name) => name.state === 'failed')?.reason ?? null;
    const plain = judgeTurn(claim, outcome.failure, firstReason, Math.random(), Date.now());
    const names = judgeNames(claim, outcome, plain, sent, Math.random);
    const verdict = this.host.definition.capabilities.overlap === 'harmful' && names.some((name) => name.doubt === 'new') ? waitUntilDead(plain, deadAfterMs) : plain;
    this.parts.metrics.names(names);
    return {
      claim, names, sent, verdict, deadAfterMs,
      knowledge: outcome.knowledge,
      wholeReading: outcome.wholeReading ?? null,
      reports: outcome.reports,
      foreign: learntForeign(claim, outcome),
      tidy: outcome.untidy && zone?.tidyAfterMs !== undefined ? { afterMs: zone.tidyAfterMs } : null,
    };
  }
}

/** No second writer may start before the lost call can no longer take effect. */
function waitUntilDead(verdict: TurnVerdict, deadAfterMs: number): TurnVerdict {
  const reason = verdict.lane?.reason ?? { code: 'unconfirmed' as const, text: 'a call without an answer may still take effect; the zone is left alone until it cannot' };
  return { ...verdict, lane: { ms: Math.max(verdict.lane?.ms ?? 0, deadAfterMs), reason } };
}

/** Foreign types that the table does not have as they were found; only worth storing beside a whole reading, and while that counts. */
function learntForeign(claim: Claim, outcome: TurnOutcome): ReadonlyMap<string, readonly string[]> {
  const learnt = new Map<string, readonly string[]>();
  if (outcome.knowledge.token === null && outcome.wholeReading === undefined) return learnt;
  for (const [at, row] of claim.names.entries()) {
    const foreign = outcome.names[at]?.foreign ?? null;
    if (foreign === null) continue;
    // A whole reading has just replaced the table, without the names of this turn.
    const known = outcome.wholeReading === undefined ? row.foreign : [];
    if (foreign.length !== known.length || foreign.some((type) => !known.includes(type))) learnt.set(row.name, foreign);
  }
  return learnt;
}

function outcomeOfFailure(claim: Claim, failure: ProviderError, reason: TurnReason, sent: ReadonlySet<string> = new Set()): TurnOutcome {
  const names = claim.names.map((row): NameOutcome => ({ name: row.name, state: 'failed', reason, owned: row.owned, foreign: null, wrote: false, inDoubt: sent.has(row.name) }));
  return { ...nothingTried(claim), names, failure, knowledge: { token: null, zoneSize: claim.knowledge.zoneSize } };
}

function nothingTried(claim: Claim): TurnOutcome {
  const names = claim.names.map((row): NameOutcome => ({ name: row.name, state: 'not-tried', owned: row.owned, foreign: null, wrote: false, inDoubt: false }));
  return { names, knowledge: claim.knowledge, reports: [], untidy: false, calls: { reads: 0, writes: 0 }, changes: [] };
}

const hintOf = (hint: string | undefined): { hint?: string } => (hint === undefined ? {} : { hint });
