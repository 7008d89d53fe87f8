import { setTimeout as delay } from 'node:timers/promises';
import { isTransient } from '@vmdns/bus';
import { type Store, type Timeline, TransientStoreError } from '@vmdns/store';
import type { Host } from '../host.js';
import type { Outcome } from '../results/outcome.js';
import type { Sayer } from '../results/sayer.js';
import type { NotedOutcomes, Unsaid } from '../results/unsaid.js';
import type { Claim } from './claim.js';
import type { Claims } from './claims.js';
import { doubtRefused } from './doubt.js';
import { storeForeign, storeWholeReading } from './foreign-table.js';
import type { NameVerdict } from './judge.js';
import { Turnstile } from './turnstile.js';
import { commitBlocks, commitLane, commitNames, fence, type CommittedName, type TurnEnd } from './turn-commit.js';

/** What a commit gave: the lanes to go on with, or that the turn came too late. */
export type Committed =
  | { readonly kind: 'committed'; /** Says the outcomes: what is stored waits for nobody, so the next call goes out first. */ readonly say: () => void; readonly claims: readonly Claim[]; readonly drifted: readonly string[]; readonly isMoreDue: boolean; /** The lane is due again then. */ readonly dueAfterMs: number | null }
  | { readonly kind: 'lost' };

/** Postgres away at the end of a turn: the outcome is held for so many tries, then left to the next holder's doubt. */
const COMMIT_TRIES = 12;

/** Stores what turns brought, says it, and takes the next lanes, in one transaction. */
export class TurnEnds {
  private readonly turnstile: Turnstile;

  constructor(
    private readonly host: Host,
    private readonly store: Store,
    private readonly claims: Claims,
    private readonly unsaid: Unsaid,
    private readonly parts: { readonly sayer: Sayer; readonly timeline: Pick<Timeline, 'isTold'> },
  ) {
    this.turnstile = new Turnstile(host.limits.commitsMax);
  }

  /** Lanes that wait for nobody but us. */
  async takeDue(max: number): Promise<readonly Claim[]> {
    const keys = await this.claims.dueKeys(this.store);
    return keys.length === 0 ? [] : this.store.transaction((tx) => this.claims.take(tx, keys, max));
  }

  /** `goesOn`: takes the next lane with it. */
  async commit(end: TurnEnd, goesOn: boolean): Promise<Committed> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.turnstile.pass(() => this.commitOnce(end, goesOn));
      } catch (error) {
        if (!isTransient(error) || tries >= COMMIT_TRIES) throw error;
        await delay(Math.min(5000, 100 * 2 ** tries));
      }
    }
  }

  private async commitOnce(end: TurnEnd, goesOn: boolean): Promise<Committed> {
    const { claim } = end;
    const done = await this.store.transaction(async (tx) => {
      // Where this claim was lost, its names are in doubt: their rows are there when all is read back.
      if (!this.parts.timeline.isTold) throw new TransientStoreError(`storing a turn of ${claim.target}: what PostgreSQL may have lost is being read back`);
      const mark = end.names.length === 0 ? null : this.unsaid.nextMark();
      const fenced = await fence(tx, this.host, claim, mark);
      if (fenced === null) {
        await doubtRefused(tx, claim.target, claim.names.filter((row) => end.sent.has(row.name)), end.deadAfterMs);
        return null;
      }
      const drifted = end.wholeReading === null ? [] : await storeWholeReading(tx, claim.target, end.wholeReading, claim.names.map((row) => row.name));
      const { at } = fenced;
      // Released to be written while it was looked at: these names stay due.
      const verdicts = claim.observe && !fenced.observe ? end.names.filter((name) => name.state !== 'observed') : end.names;
      const names = verdicts.length === 0 ? [] : await commitNames(tx, { ...end, names: verdicts }, at, this.host.timing.restMs);
      await storeForeign(tx, claim.target, end.foreign);
      const lane = await commitLane(tx, this.host, end);
      await commitBlocks(tx, claim, end.verdict);
      const claims = goesOn && (lane.due === true || lane.other) ? await this.claims.take(tx, [claim.limiter.key], 1) : [];
      const noted: NotedOutcomes | null = mark === null ? null : { targets: [claim.target], mark, at };
      return { verdicts, names, noted, claims, drifted, isMoreDue: lane.other && lane.has_free_slot, dueAfterMs: lane.wait_ms };
    });
    if (done === null) return { kind: 'lost' };
    // Stored is stored: where this fails, the lanes' own pauses end by themselves.
    if (claim.limiter.failures > 0 && end.verdict.isAnswered) await this.freeLanes(claim.limiter.key).catch(() => undefined);
    return { kind: 'committed', say: () => this.say(end, done.verdicts, done.names, done.noted), claims: done.claims, drifted: done.drifted, isMoreDue: done.isMoreDue, dueAfterMs: done.dueAfterMs };
  }

  private say({ claim }: TurnEnd, verdicts: readonly NameVerdict[], committed: readonly CommittedName[], noted: NotedOutcomes | null): void {
    if (noted === null) return;
    const at = noted.at.toISOString();
    const outcomes: Outcome[] = [];
    for (const [place, turn, nextTryMs] of committed) {
      const verdict = verdicts[place];
      if (verdict === undefined || verdict.isQuiet) continue;
      outcomes.push({ zoneId: verdict.row.zoneId, apex: claim.zone.apex, connectionId: claim.connection.connectionId, target: claim.target, name: verdict.row.name, json: resultJson(verdict, turn, nextTryMs, at) });
    }
    this.parts.sayer.say(outcomes, noted);
  }

  /** The server is back: zones that wait because of it alone need not wait out their own pause. */
  private async freeLanes(limiterKey: string): Promise<void> {
    await this.store.query(
      `with waiting as (
         select target from lane where limiter_key = $1 and blocked_until > clock_timestamp() and blocked_by::jsonb ->> 'code' = 'provider-unreachable'
         order by target for update skip locked)
       update lane l set blocked_until = null, blocked_by = null from waiting w where l.target = w.target`,
      [limiterKey],
    );
  }
}

/** A NameResult; by hand, as most of it is JSON already. */
function resultJson({ row, state, reason, providerText, wrote }: NameVerdict, turn: number, nextTryMs: number | null, at: string): string {
  const why = `${reason === null ? '' : `,"reason":${JSON.stringify(reason)}`}${providerText === null ? '' : `,"providerText":${JSON.stringify(providerText)}`}`;
  const next = nextTryMs === null ? '' : `,"nextTryAt":"${new Date(nextTryMs).toISOString()}"`;
  return `{"name":${JSON.stringify(row.name)},"timeline":${row.timeline},"generation":${row.generation},"digest":${JSON.stringify(row.digest)},"turn":${turn},"state":"${state}"${why},"rrsets":${row.wantedJson},"wrote":${wrote},"attempts":${row.attempts + 1}${next},"vms":${row.vmsJson},"at":"${at}"}`;
}
