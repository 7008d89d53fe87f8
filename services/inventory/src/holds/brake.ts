import { brakeLimit, holdsBack } from '@vmdns/domain';

/** What stops a deletion. */
export interface Stop { readonly holdId: string; readonly text: string }

/**
 * What the brake counts by: the source that a deletion names, and by whom it came, so that nobody uses up another's. Who
 * may name any source is counted as himself: `source` is the publisher, so that made-up names give no new brakes.
 */
export interface BrakeKey { readonly source: string; readonly publisher: string }
/** A deletion before its brake. */
export interface BrakedDeletion extends BrakeKey { readonly named: string }
export const keyText = ({ source, publisher }: BrakeKey): string => JSON.stringify([source, publisher]);

/** One source's brake within one transaction: it counts what it lets pass. */
export interface SourceBrake {
  /** One more deletion: null lets it pass. */
  next(): Stop | null;
}

export interface BrakeRule { readonly count: number; readonly share: number; readonly windowSeconds: number }

/** What is known of a source when its brake is set up. */
export interface BrakeView extends BrakeKey {
  readonly rule: BrakeRule;
  /** Deletions of this source within the window. */
  readonly deleted: number;
  /** VMs that live, of the sources that these deletions name. */
  readonly living: number;
  readonly openHoldId: string | null;
  /** The id of a hold that is to be opened. */
  readonly newHoldId: string;
}

/** Lets everything pass: for a first look that only asks whether anything is to be written. */
export const OPEN_ROAD: SourceBrake = { next: () => null };

/**
 * More than max(count, share) deletions within the window wait; while a hold of this source is open, each further
 * deletion joins it (PROTOCOL §8): a source that went wrong shall not go on slowly.
 */
export class CountingBrake implements SourceBrake {
  /** Let pass in this transaction. */
  passed = 0;
  /** Whether a hold is to be opened. */
  opensHold = false;
  private readonly total: number;

  constructor(readonly view: BrakeView) {
    // The window's own deletions count as VMs of the source: else the limit would sink while it is used up.
    this.total = view.living + view.deleted;
  }

  next(): Stop | null {
    const { view } = this;
    if (view.openHoldId !== null) {
      return { holdId: view.openHoldId, text: `Deletions by ${view.source} wait for a person in hold ${view.openHoldId}; this one joined them. The VM stays as it is until then.` };
    }
    if (!this.opensHold && !holdsBack(view.deleted + this.passed + 1, this.total, view.rule)) {
      this.passed += 1;
      return null;
    }
    this.opensHold = true;
    return { holdId: view.newHoldId, text: `${this.ruleText()}: this deletion waits for a person in hold ${view.newHoldId}. The VM stays as it is until then.` };
  }

  /** Why the hold was opened, for whoever decides. */
  ruleText(): string {
    const { source, rule } = this.view;
    const limit = brakeLimit(this.total, rule);
    return `${source} deleted more than ${limit} VMs within ${rule.windowSeconds} seconds (the limit is the greater of ${rule.count} and ${rule.share * 100} % of its VMs)`;
  }
}
