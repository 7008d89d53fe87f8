import type { Store, Tx } from './store.js';

export interface FeedRow<B> { readonly key: string; readonly body: B; readonly topic?: string }
export interface FeedChange<B> { readonly sequence: number; readonly key: string; readonly body: B }
export interface FeedPage<B> { readonly changes: readonly FeedChange<B>[]; readonly cursor: number; readonly more: boolean }

const soon = (): never => { throw new Error('being built'); };

/**
 * An append-only table of changes (PROTOCOL §1). Readers see a row only when every transaction that began before its own
 * has ended, in the order (transaction, sequence): a late commit leaves no gap. Of one key the order may differ from the
 * order of commits, so bodies carry a revision.
 */
export class ChangeFeed<B> {
  constructor(readonly store: Store, readonly table = 'change') {}

  /** The statements of a migration: table, partitions for a week, indexes. */
  static ddl(_table = 'change'): readonly string[] { return soon(); }

  /** Writes rows within the caller's transaction; gives them back with their sequences, in the same order. */
  append(_tx: Tx, _rows: readonly FeedRow<B>[]): Promise<readonly FeedChange<B>[]> { return soon(); }

  /** The changes after a cursor (0: from the beginning); `cursor` of the page is where to go on, also when it is empty. */
  after(_cursor: number, _limit: number, _topic?: string): Promise<FeedPage<B>> { return soon(); }

  /** Partitions for yesterday, today and so many days ahead. May run twice; call it at start and daily. */
  ensurePartitions(_days = 7): Promise<void> { return soon(); }

  /** Drops whole days. Only for feeds whose readers keep the state themselves. */
  dropOlderThan(_days: number): Promise<void> { return soon(); }
}
