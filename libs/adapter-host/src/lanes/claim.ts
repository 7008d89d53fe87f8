import type { Priority, RrsetBody } from '@vmdns/contracts';

/** One due name as a claim hands it to a turn. */
export interface DueRow {
  readonly ownerName: string;
  readonly zoneId: string;
  readonly timeline: number;
  readonly generation: number;
  readonly digest: string;
  readonly wanted: readonly RrsetBody[];
  /** Digests of what is wanted, JSON as stored: the intent. */
  readonly puts: string;
  readonly vms: readonly string[];
  readonly priority: Priority;
  readonly owned: Readonly<Record<string, string>>;
  /** Digests that lost turns may have put. */
  readonly doubt: readonly string[];
  readonly stillInDoubt: boolean;
  readonly mustRead: boolean;
  /** What of what is there a person lets become ours. */
  readonly takeOver: 'equal' | 'any' | null;
  readonly state: string;
  readonly reasonCode: string | null;
  readonly attempts: number;
  readonly foreign: readonly string[];
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
  /** A timeline was raised not long ago: equals become ours (PROTOCOL §1). */
  readonly takeOverEquals: boolean;
  readonly isTidyDue: boolean;
  readonly names: readonly DueRow[];
  /** Of this process' own clock that never jumps, taken before the lease was: ms. */
  readonly leasedAt: number;
}
