import type { Priority } from '@vmdns/contracts';
import type { DueName } from '@vmdns/provider-kit';

/** One due name as a claim hands it to a turn, and what of its row its outcome is said with. */
export interface DueRow extends DueName {
  readonly zoneId: string;
  readonly timeline: number;
  readonly generation: number;
  readonly digest: string;
  /** Of `wanted`, in its order: the intent. */
  readonly digests: readonly string[];
  /** RrsetBody[] as stored. */
  readonly wantedJson: string;
  /** Ids as stored. */
  readonly vmsJson: string;
  readonly priority: Priority;
  readonly state: string;
  readonly reasonCode: string | null;
  readonly attempts: number;
}

/** The right to write one target, with what there is to do. */
export interface Claim {
  readonly target: string;
  readonly epoch: number;
  readonly zone: { readonly zoneId: string; readonly apex: string; readonly revision: number; readonly settings: Readonly<Record<string, unknown>> };
  readonly connection: { readonly connectionId: string; readonly revision: number; readonly settings: Readonly<Record<string, unknown>>; readonly sealed: Readonly<Record<string, string>>; readonly failures: number };
  readonly limiter: { readonly key: string; readonly slot: number; readonly failures: number; readonly failingSince: Date | null; };
  readonly observe: boolean;
  readonly failures: number;
  readonly failingSince: Date | null;
  readonly knowledge: { readonly token: string | null; readonly zoneSize: number | null; readonly readWholeMsAgo: number | null };
  readonly isTidyDue: boolean;
  readonly names: readonly DueRow[];
  /** Of this process' own clock that never jumps, taken before the lease was: ms. */
  readonly leasedAt: number;
}

/** A lane with so many names is claimed alone: reading them takes longer than a claim. */
export const MANY_NAMES = 500;
