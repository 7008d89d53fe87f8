/** What is there of the timeline before a database is replaced: the new one must be above it. */
export const TIMELINE_SQL = `select coalesce((select timeline from vmdns_shared.timeline), 0)`;

/**
 * Makes a database that is older than the world know it, while no service runs. One transaction:
 *
 * - the timeline is raised, so that every pair (timeline, generation) is above all that was ever said (PROTOCOL §1);
 * - rows of the feeds whose transactions are of another cluster count as long ended;
 * - every zone is in mode observe, told by the feed, so that adapters hear of it before they may write;
 * - every name is read, and what is there as wanted becomes ours without a write, for a week; then every zone is compared.
 */
export const restoreSql = (timelineBefore: number): string => `begin;
update vmdns_shared.timeline set timeline = greatest(timeline, ${Math.trunc(timelineBefore)}) + 1;
update inventory.change set xid = '3' where xid >= pg_snapshot_xmax(pg_current_snapshot());
update planner.change set xid = '3' where xid >= pg_snapshot_xmax(pg_current_snapshot());
with observed as (
  update planner.zone set mode = 'observe', revision = revision + 1 where state <> 'removed' and mode <> 'observe' returning *
)
insert into planner.change (key, topic, body)
select 'zone:' || id, provider, jsonb_build_object(
  'kind', 'zone', 'zoneId', id, 'apex', apex, 'provider', provider, 'connectionId', connection_id, 'mode', mode, 'paused', paused, 'state', state,
  'settings', body->'settings', 'reconcileEverySeconds', coalesce((body #>> '{reconcile,everySeconds}')::int, 86400), 'revision', revision) from observed;
update planner.zone_set set version = version + 1;
do $$
declare adapter text; number bigint;
begin
  select timeline into number from vmdns_shared.timeline;
  for adapter in select n.nspname from pg_namespace n join pg_class c on c.relnamespace = n.oid and c.relname = 'lane' where n.nspname like 'adapter\\_%' loop
    execute format('update %I.host set timeline = %s', adapter, number);
    if exists (select 1 from information_schema.columns where table_schema = adapter and table_name = 'host' and column_name = 'adopt_until') then
      execute format('update %I.host set adopt_until = clock_timestamp() + interval ''7 days''', adapter);
    end if;
    execute format('update %I.lane set observe = true, token = null, adopt_until = clock_timestamp() + interval ''7 days''', adapter);
    execute format('update %I.name set take_over = coalesce(take_over, ''equal''), must_read = true, due_at = clock_timestamp() where not released and wanted <> ''[]''', adapter);
    execute format('update %I.lane l set due_at = clock_timestamp(), due_priority = 2 where exists (select 1 from %I.name n where n.target = l.target and n.due_at is not null)', adapter, adapter);
    execute format('update %I.comparison set next_at = clock_timestamp() + interval ''1 minute'', asked_at = clock_timestamp(), suspect_at = null, owner = null, until = null', adapter);
  end loop;
end $$;
commit;
`;
