/** One policy: so many calls in a sliding window, or a bucket that is refilled all the time. */
export type FakePolicy =
  | { readonly kind: 'window'; readonly name: string; readonly calls: number; readonly seconds: number }
  | { readonly kind: 'bucket'; readonly name: string; readonly perSecond: number; readonly burst: number };

/** As documented: 1,200 in five minutes for each user. */
export const DOCUMENTED: readonly FakePolicy[] = [{ kind: 'window', name: 'default', calls: 1_200, seconds: 300 }];

interface Standing { readonly left: number; readonly resetSeconds: number }

/** What one user has called; too much blocks all of the user's calls for a while, and asking meanwhile does not help. */
export class FakeBudget {
  private readonly calls: number[] = [];
  private readonly levels = new Map<string, { level: number; at: number }>();
  blockedUntil = -Infinity;
  /** How often 429 was answered. */
  refused = 0;

  constructor(readonly policies: readonly FakePolicy[], private readonly blockSeconds: number, private readonly now: () => number) {}

  /** Whether a call may pass; counts it. */
  pass(): boolean {
    const now = this.now();
    const isBlocked = now < this.blockedUntil;
    const isOver = !isBlocked && this.policies.some((policy) => this.standing(policy, now).left < 1);
    if (isOver) this.blockedUntil = now + this.blockSeconds * 1_000;
    if (isBlocked || isOver) { this.refused += 1; return false; }
    this.calls.push(now);
    for (const policy of this.policies) if (policy.kind === 'bucket') this.levels.set(policy.name, { level: this.standing(policy, now).left - 1, at: now });
    return true;
  }

  /** Somebody else of the same user calls too: dashboard, scripts. */
  spend(calls: number): void {
    for (let count = 0; count < calls; count += 1) this.pass();
  }

  headers(): Record<string, string> {
    const now = this.now();
    const standings = this.policies.map((policy) => ({ policy, ...this.standing(policy, now) }));
    return {
      Ratelimit: standings.map(({ policy, left, resetSeconds }) => `"${policy.name}";r=${Math.max(0, Math.floor(left))};t=${Math.max(1, Math.ceil(resetSeconds))}`).join(', '),
      'Ratelimit-Policy': this.policies.map((policy) => (policy.kind === 'window' ? `"${policy.name}";q=${policy.calls};w=${policy.seconds}` : `"${policy.name}";q=${policy.perSecond};w=1`)).join(', '),
      ...(now < this.blockedUntil ? { 'retry-after': String(Math.ceil((this.blockedUntil - now) / 1_000)) } : {}),
    };
  }

  private standing(policy: FakePolicy, now: number): Standing {
    if (policy.kind === 'window') {
      const since = this.calls.filter((at) => at > now - policy.seconds * 1_000);
      const [oldest] = since;
      return { left: policy.calls - since.length, resetSeconds: oldest === undefined ? policy.seconds : (oldest - now) / 1_000 + policy.seconds };
    }
    const before = this.levels.get(policy.name) ?? { level: policy.burst, at: now };
    return { left: Math.min(policy.burst, before.level + ((now - before.at) / 1_000) * policy.perSecond), resetSeconds: 1 };
  }
}
