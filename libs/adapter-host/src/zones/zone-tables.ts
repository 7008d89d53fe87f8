import type { ConnectionFact, ZoneFact } from '@vmdns/contracts';
import type { Limiter } from '@vmdns/provider-kit';
import type { Tx } from '@vmdns/store';
import { unknownTarget } from '../commands/zone-lanes.js';
import type { ConnectionRow, LaneConfig, ZoneRow } from './resolve.js';

/** Facts are told one at a time: resolving a zone needs both its own and its connection's newest state. */
export async function lockFacts(tx: Tx): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtext(current_schema() || '.zone'))`);
}

const DAY_SECONDS = 86_400;

/** Stores facts of a higher revision; gives the ids of those that changed something. */
export async function storeZones(tx: Tx, facts: readonly ZoneFact[]): Promise<readonly string[]> {
  if (facts.length === 0) return [];
  const rows = await tx.query<{ zone_id: string }>(
    `insert into zone as z (zone_id, apex, connection_id, mode, paused, state, settings, revision, target, compare_every_seconds)
     select u.zone_id, u.apex, u.connection_id, u.mode, u.paused, u.state, u.settings::jsonb, u.revision, u.target, u.compare_every_seconds
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::int[])
       as u (zone_id, apex, connection_id, mode, paused, state, settings, revision, target, compare_every_seconds) order by 1
     on conflict (zone_id) do update set apex = excluded.apex, connection_id = excluded.connection_id, mode = excluded.mode, paused = excluded.paused,
       state = excluded.state, settings = excluded.settings, revision = excluded.revision, compare_every_seconds = excluded.compare_every_seconds
     where excluded.revision > z.revision returning z.zone_id`,
    [
      facts.map((f) => f.zoneId), facts.map((f) => f.apex), facts.map((f) => f.connectionId), facts.map((f) => f.mode), facts.map((f) => f.paused),
      facts.map((f) => f.state), facts.map((f) => JSON.stringify(f.settings)), facts.map((f) => f.revision), facts.map((f) => unknownTarget(f.zoneId)), facts.map((f) => f.reconcileEverySeconds ?? DAY_SECONDS),
    ],
  );
  return rows.map((row) => row.zone_id);
}

/** The same for connections; a change ends the wait for credentials at once. */
export async function storeConnections(tx: Tx, facts: readonly ConnectionFact[]): Promise<readonly string[]> {
  if (facts.length === 0) return [];
  const rows = await tx.query<{ connection_id: string }>(
    `insert into connection as k (connection_id, name, settings, sealed, paused, removed, revision, same_server)
     select u.connection_id, u.name, u.settings::jsonb, u.sealed::jsonb, u.paused, u.removed, u.revision, u.same_server
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::bool[], $7::bigint[], $8::bool[])
       as u (connection_id, name, settings, sealed, paused, removed, revision, same_server) order by 1
     on conflict (connection_id) do update set name = excluded.name, settings = excluded.settings, sealed = excluded.sealed, paused = excluded.paused,
       removed = excluded.removed, same_server = excluded.same_server, revision = excluded.revision, failures = 0, blocked_until = null, blocked_by = null
     where excluded.revision > k.revision returning k.connection_id`,
    [
      facts.map((f) => f.connectionId), facts.map((f) => f.name), facts.map((f) => JSON.stringify(f.settings)), facts.map((f) => JSON.stringify(f.sealed)),
      facts.map((f) => f.paused), facts.map((f) => f.removed), facts.map((f) => f.revision), facts.map((f) => f.sameServer === true),
    ],
  );
  return rows.map((row) => row.connection_id);
}

/** These zones and those of these connections; null: all. */
export function findZones(tx: Tx, scope: { readonly zoneIds: readonly string[]; readonly connectionIds: readonly string[] } | null): Promise<readonly ZoneRow[]> {
  if (scope === null) return tx.query<ZoneRow>('select * from zone');
  return tx.query<ZoneRow>('select * from zone where zone_id = any($1) or connection_id = any($2)', [scope.zoneIds, scope.connectionIds]);
}

export function findConnections(tx: Tx, ids: readonly string[]): Promise<readonly ConnectionRow[]> {
  return tx.query<ConnectionRow>('select connection_id, settings, sealed, paused, removed, same_server, revision from connection where connection_id = any($1)', [ids]);
}

export function findZonesByTarget(tx: Tx, targets: readonly string[]): Promise<readonly ZoneRow[]> {
  return tx.query<ZoneRow>('select * from zone where target = any($1)', [targets]);
}

/** What a budget bears: calls at once, and over time where they are counted. */
export type LimiterTerms = Pick<Limiter, 'inFlightMax' | 'rate'>;

/** Budgets and a slot for each call that they bear; one more, 0, where calls are counted, for what is urgent. */
export async function storeLimiters(tx: Tx, limiters: ReadonlyMap<string, LimiterTerms>): Promise<void> {
  if (limiters.size === 0) return;
  const all = [...limiters].sort(([a], [b]) => (a < b ? -1 : 1));
  const keys = all.map(([key]) => key);
  const columns = [keys, all.map(([, { inFlightMax }]) => inFlightMax), all.map(([, { rate }]) => (rate === undefined ? 1 : 0))];
  const rates = [keys, all.map(([, { rate }]) => rate?.callsPerSecond ?? null), all.map(([, { rate }]) => rate?.burst ?? null)];
  await tx.query(
    `insert into limiter as m (key, per_second, burst) select * from unnest($1::text[], $2::float8[], $3::int[]) order by 1
     on conflict (key) do update set per_second = excluded.per_second, burst = excluded.burst where (m.per_second, m.burst) is distinct from (excluded.per_second, excluded.burst)`,
    rates,
  );
  await tx.query(
    `insert into slot (limiter_key, n) select u.key, g.n from unnest($1::text[], $2::int[], $3::int[]) as u (key, most, first), generate_series(u.first, u.most) as g (n) order by 1, 2
     on conflict (limiter_key, n) do nothing`,
    columns,
  );
  await tx.query('delete from slot s using unnest($1::text[], $2::int[], $3::int[]) as u (key, most, first) where s.limiter_key = u.key and (s.n > u.most or s.n < u.first)', columns);
}

/** Makes or changes lanes; gives those whose columns changed. A change of facts ends the lane's own wait. */
export async function storeLanes(tx: Tx, lanes: readonly LaneConfig[]): Promise<readonly { readonly target: string; readonly observe: boolean }[]> {
  if (lanes.length === 0) return [];
  return tx.query(
    `insert into lane as l (target, zone_id, connection_id, limiter_key, paused, observe, removed, held, held_by, adopt_until)
     select u.*, h.adopt_until from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::bool[], $7::bool[], $8::text[], $9::text[]) u, host h order by 1
     on conflict (target) do update set zone_id = excluded.zone_id, connection_id = excluded.connection_id, limiter_key = excluded.limiter_key, paused = excluded.paused,
       observe = excluded.observe, removed = excluded.removed, held = excluded.held, held_by = excluded.held_by, due_at = case when excluded.removed then null else l.due_at end
     where (l.zone_id, l.connection_id, l.limiter_key, l.paused, l.observe, l.removed, l.held, l.held_by)
       is distinct from (excluded.zone_id, excluded.connection_id, excluded.limiter_key, excluded.paused, excluded.observe, excluded.removed, excluded.held, excluded.held_by)
     returning l.target, l.observe`,
    [
      lanes.map((l) => l.target), lanes.map((l) => l.zoneId), lanes.map((l) => l.connectionId), lanes.map((l) => l.limiterKey), lanes.map((l) => l.paused),
      lanes.map((l) => l.observe), lanes.map((l) => l.removed), lanes.map((l) => l.held), lanes.map((l) => (l.heldBy === null ? null : JSON.stringify(l.heldBy))),
    ],
  );
}
