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

/** The share of a zone's names that a change of zones moves; 0 for an empty zone. */
export function rehomeShare(moved: number, total: number): number {
  return total <= 0 ? 0 : Math.min(1, moved / total);
}

/** Whether a part is more than a share of the whole. */
export function exceedsShare(part: number, whole: number, share: number): boolean {
  return rehomeShare(part, whole) > share;
}
