import type { Tx } from '@vmdns/store';
import { textsOf } from '../results/outcome.js';
import type { DueRow } from './claim.js';

/** What a lane's last writer was about to put when it was lost, and until when that may still land. */
export interface LostWrite {
  readonly writing: string;
  readonly deadAt: Date;
}

interface DoubtRow {
  readonly owner_name: string;
  readonly doubt: string | null;
}

const DOUBT = `
update name n set doubt = u.doubt, doubt_until = greatest(n.doubt_until, $2), due_at = least(n.due_at, clock_timestamp())
from unnest($3::text[], $4::text[]) as u (owner_name, doubt) where n.target = $1 and n.owner_name = u.owner_name
returning n.owner_name, n.doubt_until > clock_timestamp() as still`;

/** Stores, with the names, what a lost writer may have put there (PROTOCOL §5); gives the names of this turn as they are then. */
export async function takeIntoDoubt(tx: Tx, target: string, names: readonly DueRow[], lost: LostWrite): Promise<readonly DueRow[]> {
  const doubts = await storeDoubt(tx, target, JSON.parse(lost.writing) as Readonly<Record<string, readonly string[]>>, lost.deadAt);
  return names.map((name) => {
    const doubt = doubts.get(name.name);
    return doubt === undefined ? name : { ...name, writing: doubt.digests, stillInDoubt: doubt.still, mustRead: true };
  });
}

/**
 * A writer that was refused at its commit: nothing it knows counts any more, but what it sent may have landed after the
 * new holder looked. The names become due, are read first, and once more when its call is dead.
 */
export async function doubtRefused(tx: Tx, target: string, names: readonly DueRow[], deadAfterMs: number): Promise<void> {
  await tx.query('select 1 from lane where target = $1 for update', [target]);
  const [clock] = await tx.query<{ dead_at: Date }>(`select clock_timestamp() + $1::int * interval '1 ms' as dead_at`, [deadAfterMs]);
  if (clock === undefined || names.length === 0) return;
  await storeDoubt(tx, target, Object.fromEntries(names.map((name) => [name.name, name.digests])), clock.dead_at);
  await tx.query('update lane set due_at = least(due_at, clock_timestamp()), due_priority = 0 where target = $1', [target]);
}

async function storeDoubt(tx: Tx, target: string, writing: Readonly<Record<string, readonly string[]>>, deadAt: Date): Promise<ReadonlyMap<string, { digests: readonly string[]; still: boolean }>> {
  const ownerNames = Object.keys(writing).sort();
  const known = await tx.query<DoubtRow>('select owner_name, doubt from name where target = $1 and owner_name = any($2)', [target, ownerNames]);
  const merged = new Map(known.map((row) => [row.owner_name, [...new Set([...(row.doubt === null ? [] : textsOf(row.doubt)), ...(writing[row.owner_name] ?? [])])]]));
  const stored = await tx.query<{ owner_name: string; still: boolean }>(DOUBT, [target, deadAt, [...merged.keys()], [...merged.values()].map((digests) => JSON.stringify(digests))]);
  return new Map(stored.map((row) => [row.owner_name, { digests: merged.get(row.owner_name) ?? [], still: row.still }]));
}
