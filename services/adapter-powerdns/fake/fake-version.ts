/** What differs between the versions of PowerDNS that an adapter meets (PROVIDERS §3). */
export class FakeVersion {
  constructor(readonly text: string) {}

  /** Answers for one name have other names' comments in them [T 4.7.3]. */
  get leaksComments(): boolean { return !this.isAtLeast(4, 9); }
  /** `include_disabled` is known. */
  get showsDisabledByName(): boolean { return this.isAtLeast(5, 0); }
  /** A TTL of −1 or above 2^31 − 1 is refused, where older ones store nonsense [T]. */
  get checksTtl(): boolean { return this.isAtLeast(4, 9); }
  /** Records carry `modified_at`, and a `priority` sent with them is a 500 [T 4.9.17]. */
  get hasModifiedAt(): boolean { return this.isAtLeast(4, 9); }
  /** An empty PATCH moves the serial all the same [T 4.7.3]. */
  get countsEmptyPatch(): boolean { return !this.isAtLeast(4, 9); }
  /** `X-Pdns-Old-Serial` is the old one; before, it equals the new one [T 4.9.17]. */
  get saysOldSerial(): boolean { return this.isAtLeast(5, 0); }
  /** EXTEND and PRUNE: not by 5.0.0 and 5.0.1, though by 4.9.12. */
  get knowsExtend(): boolean { return this.isAtLeast(5, 0, 2) || (this.isAtLeast(4, 9, 12) && !this.isAtLeast(5, 0)); }

  private isAtLeast(...wanted: readonly number[]): boolean {
    const own = this.text.split('.').map(Number);
    for (const [at, number] of wanted.entries()) {
      const here = own[at] ?? 0;
      if (here !== number) return here > number;
    }
    return true;
  }
}
