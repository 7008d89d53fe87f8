import { isTransient } from './errors.js';

export interface BatchRule<T, R> {
  /** The handler: one result per item, in order. */
  readonly call: (items: readonly T[]) => Promise<readonly R[]>;
  /** The world is not ready: this item comes back later. */
  readonly onTransient: (item: T, error: unknown) => R;
  /** This item fails alone: it is the culprit. */
  readonly onCulprit: (item: T, error: unknown) => R;
}

/**
 * The one batch rule (PROTOCOL §9): a handler that fails on n items is called with halves, until the culprit stands
 * alone and the rest has landed (L7). A transient error blames nobody.
 *
 * ```text
 * [a b X d]  fails → [a b] lands, [X d] fails → [X] fails alone, [d] lands
 * ```
 */
export async function settleByHalves<T, R>(items: readonly T[], rule: BatchRule<T, R>): Promise<readonly R[]> {
  try {
    const results = await rule.call(items);
    if (results.length !== items.length) throw new Error(`the handler gave ${results.length} outcomes for ${items.length} items`);
    return results;
  } catch (error) {
    if (isTransient(error)) return items.map((item) => rule.onTransient(item, error));
    const [first, ...others] = items;
    if (first === undefined) return [];
    if (others.length === 0) return [rule.onCulprit(first, error)];
    const middle = Math.ceil(items.length / 2);
    const left = await settleByHalves(items.slice(0, middle), rule);
    return [...left, ...await settleByHalves(items.slice(middle), rule)];
  }
}
