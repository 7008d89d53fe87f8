import { performance } from 'node:perf_hooks';
import type { Store } from '@vmdns/store';
import type { Log } from '@vmdns/chassis';
import type { Host } from '../host.js';
import type { Claim } from './claim.js';

/** One lane in this process' hands. */
export class Lease {
  private readonly ending = new AbortController();
  private stopped = false;
  private stored: number;

  constructor(
    readonly target: string, readonly epoch: number, readonly slot: { readonly key: string; readonly n: number }, readonly isObserving: boolean,
    private renewedAt: number, private deadAfter: number,
  ) {
    this.stored = deadAfter;
  }

  /** So long after a renewal no call sent under it can take effect any more; grows with what the zone's calls take. */
  get deadAfterMs(): number {
    return this.deadAfter;
  }

  /** Calls live so long from now on: fresh again when a renewal has stored it. */
  outlast(deadAfterMs: number): void {
    this.deadAfter = Math.max(this.deadAfter, deadAfterMs);
  }

  /** Ends when the lane is lost: what runs under it is given up. */
  get signal(): AbortSignal {
    return this.ending.signal;
  }

  get isLost(): boolean {
    return this.ending.signal.aborted;
  }

  /** Whether a call may be sent without asking Postgres again. */
  isFresh(withinMs: number): boolean {
    return !this.isLost && !this.stopped && this.stored >= this.deadAfter && performance.now() - this.renewedAt < withinMs;
  }

  get maySend(): boolean {
    return !this.isLost && !this.stopped;
  }

  renewed(at: number, deadAfterMs: number): void {
    this.stored = deadAfterMs;
    this.renewedAt = Math.max(this.renewedAt, at);
  }

  /** Nothing more is sent; what is out may end (a pause). */
  stop(): void {
    this.stopped = true;
  }

  lose(): void {
    this.ending.abort(new Error(`the lane ${this.target} was lost`));
  }
}

/** A lane that nobody may write; over `lane l`. */
export const STOPS = 'l.paused or l.removed or l.held is not null';

const RENEW = `
with held as (select * from unnest($3::text[], $4::bigint[], $5::text[], $6::int[], $7::bool[], $8::int[]) as h (target, epoch, limiter_key, n, observe, dead_after)),
kept as (
  update lane l set until = clock_timestamp() + $2::int * interval '1 ms', dead_at = clock_timestamp() + h.dead_after * interval '1 ms'
  from held h where l.target = h.target and l.epoch = h.epoch and l.owner = $1
  returning l.target, l.epoch, l.until, ${STOPS} or l.observe <> h.observe as stops
), slots as (
  update slot s set until = k.until from kept k join held h on h.target = k.target
  where s.limiter_key = h.limiter_key and s.n = h.n and s.target = k.target and s.epoch = k.epoch
)
select * from kept`;

/** Keeps this process' leases alive by one statement and one timer, also while calls run (PROTOCOL §5). */
export class Leases {
  private readonly held = new Map<string, Lease>();
  private timer: NodeJS.Timeout | undefined;
  private renewing: Promise<void> | undefined;

  constructor(private readonly store: Store, private readonly host: Host, private readonly log: Log) {}

  start(): void {
    this.timer = setInterval(() => void this.renewAll(), this.host.timing.renewMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** The process ends: what still runs is given up; the next holder finds it in doubt. */
  loseAll(): void {
    for (const lease of this.held.values()) lease.lose();
  }

  hold(claim: Claim): Lease {
    const lease = new Lease(claim.target, claim.epoch, { key: claim.limiter.key, n: claim.limiter.slot }, claim.observe, claim.leasedAt, this.host.deadAfterMs);
    // Taken again by this very process after it was lost: what still runs under the old lease is given up.
    this.held.get(claim.target)?.lose();
    this.held.set(claim.target, lease);
    return lease;
  }

  release(lease: Lease): void {
    if (this.held.get(lease.target) === lease) this.held.delete(lease.target);
  }

  /** A pause or a removal was heard here: the lanes send nothing more. */
  stopSending(targets: readonly string[]): void {
    for (const target of targets) this.held.get(target)?.stop();
  }

  /** Whether a call that lives so long may be sent under this lease now; asks Postgres when the last renewal is too long ago, or stored a shorter life. */
  async maySend(lease: Lease, lifeMs = 0): Promise<boolean> {
    lease.outlast(this.host.timing.sendWithinMs + lifeMs);
    if (lease.isFresh(this.host.timing.sendWithinMs)) return true;
    if (!lease.maySend) return false;
    await this.renew([lease]);
    return lease.isFresh(this.host.timing.sendWithinMs);
  }

  /** Somebody was told to stop: what is held is looked at now, not with the next renewal. */
  async look(): Promise<void> {
    await this.renewing;
    await this.renewAll();
  }

  private renewAll(): Promise<void> {
    this.renewing ??= this.renew([...this.held.values()]).finally(() => {
      this.renewing = undefined;
    });
    return this.renewing;
  }

  private async renew(leases: readonly Lease[]): Promise<void> {
    if (leases.length === 0) return;
    const at = performance.now();
    const deadAfter = leases.map((lease) => lease.deadAfterMs);
    try {
      const rows = await this.store.query<{ target: string; epoch: number; stops: boolean }>(RENEW, [
        this.host.instance, this.host.timing.leaseMs, leases.map((l) => l.target), leases.map((l) => l.epoch), leases.map((l) => l.slot.key), leases.map((l) => l.slot.n), leases.map((l) => l.isObserving), deadAfter,
      ]);
      const renewed = new Map(rows.map((row) => [row.target, row]));
      for (const [n, lease] of leases.entries()) {
        const row = renewed.get(lease.target);
        if (row === undefined || row.epoch !== lease.epoch) this.losing(lease);
        else lease.renewed(at, deadAfter[n] ?? 0);
        if (row?.stops === true) lease.stop();
      }
    } catch (error) {
      this.log.warn({ err: error, lanes: leases.length }, 'leases not renewed');
    }
  }

  /** A lane whose turn has just been committed is gone from the table too; only one still held is lost. */
  private losing(lease: Lease): void {
    if (this.held.get(lease.target) !== lease) return;
    this.log.warn({ target: lease.target, epoch: lease.epoch }, 'lane lost');
    lease.lose();
  }
}
