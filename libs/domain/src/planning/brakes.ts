/** Limits of a brake (L13): more than the greater of `count` and `share` of all is held. */
export interface BrakeLimits { readonly count: number; readonly share: number }

/** How many removals may go on unasked: max(count, share of all). */
export function brakeLimit(total: number, limits: BrakeLimits): number {
  return Math.max(limits.count, Math.floor(total * limits.share));
}

/** Whether so many removals within the window are held for a person. */
export function holdsBack(removals: number, total: number, limits: BrakeLimits): boolean {
  return removals > brakeLimit(total, limits);
}

/** Limits of re-homing: more than `share` of a zone is held, if it is at least `names`. */
export interface MoveLimits { readonly share: number; readonly names: number }

/** Whether a change of zones moves so much of one zone that a person shall look at it first (L13). */
export function isLargeMove(moved: number, total: number, limits: MoveLimits): boolean {
  return moved >= limits.names && moved > limits.share * total;
}

/** Limits of the brake on removals from one zone: more than `count`, or more than `share` of its names where that is at least `names`, within `windowSeconds`. */
export interface RemovalLimits { readonly share: number; readonly names: number; readonly count: number; readonly windowSeconds: number }

/** Whether so many removals from a zone that had so many names wait for a person (L13). */
export function holdsRemovals(removed: number, total: number, limits: RemovalLimits): boolean {
  return removed > limits.count || (removed >= limits.names && removed > limits.share * total);
}
