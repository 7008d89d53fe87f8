import type { Rrset } from '../records/rrset.js';
import type { PlanningSettings } from './planning-settings.js';
import type { Reason } from './reason.js';
import type { Wish } from './wish.js';
import type { ZoneSet } from './zone-set.js';
import type { ZoneView } from './zone-view.js';

/** A VM whose wish is not granted at this name, and why, in words that its own tenant may read. */
export interface Loser { readonly vmId: string; readonly kind: Wish['kind']; readonly reason: Reason }

/** What one (zone, owner name) shall have. */
export interface NameDecision {
  /** `refused`: something was wanted and nothing of it is granted. */
  readonly state: 'wanted' | 'refused';
  /** Canonical, sorted; empty: nothing of ours stays there. */
  readonly rrsets: readonly Rrset[];
  /** `desiredDigest(rrsets)`. */
  readonly digest: string;
  /** Why something is refused here. */
  readonly reason?: Reason;
  readonly holder: string | null;
  /** The VMs whose wishes are granted. */
  readonly vms: readonly string[];
  readonly losers: readonly Loser[];
}

export interface NameQuestion {
  readonly zones: ZoneSet;
  readonly zone: ZoneView;
  readonly ownerName: string;
  /** All wishes with a key of `wishKeysOf(zone, ownerName)`, of all VMs; others do no harm. */
  readonly wishes: readonly Wish[];
  readonly settings: PlanningSettings;
}

/** Decides one name of one zone entry (ARCHITECTURE §2, "Planning rules"). */
export function decideName(question: NameQuestion): NameDecision {
  throw new Error(`deciding ${question.ownerName}: not built yet`);
}
