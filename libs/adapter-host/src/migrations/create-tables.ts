import { FeedReader, type MigrationClass } from '@vmdns/store';

type Migration = InstanceType<MigrationClass>;
type Runner = Parameters<Migration['up']>[0];

/**
 * The tables of one adapter (PROTOCOL §4, §5). Order of row locks everywhere: lane, name, connection, limiter;
 * whoever changes a name holds its lane's row. A claim takes lanes and slots only where nobody else does (`skip locked`).
 */
const TABLES = [
  /* One row: this store's id (its loss is a new era), and what was last seen of the world around it. */
  `create table host (
    one boolean primary key default true check (one),
    era text not null default gen_random_uuid()::text,
    result_stream text,
    timeline bigint not null default 0
  )`,
  `insert into host default values`,

  /* What shares a budget of calls, as the provider names it, and its slots: one for each call that may be in flight. */
  `create table limiter (
    key text collate "C" primary key,
    failures integer not null default 0,
    failing_since timestamptz,
    blocked_until timestamptz,
    blocked_by text
  )`,

  `create table slot (
    limiter_key text collate "C" not null,
    n integer not null,
    target text,
    epoch bigint,
    until timestamptz,
    primary key (limiter_key, n)
  ) with (fillfactor = 50)`,

  `create table connection (
    connection_id text collate "C" primary key,
    name text not null,
    settings jsonb not null,
    sealed jsonb not null,
    paused boolean not null,
    removed boolean not null,
    same_server boolean not null default false,
    revision bigint not null,
    failures integer not null default 0,
    blocked_until timestamptz,
    blocked_by text
  )`,

  /* revision 0: known from a command only; its names wait at the target '?<zone id>' until the feed says more. */
  `create table zone (
    zone_id text collate "C" primary key,
    apex text not null,
    connection_id text collate "C" not null,
    mode text not null,
    paused boolean not null,
    state text not null,
    settings jsonb not null,
    revision bigint not null,
    target text collate "C" not null
  )`,
  `create index zone_connection on zone (connection_id)`,
  `create index zone_target on zone (target)`,

  `create table lane (
    target text collate "C" primary key,
    zone_id text collate "C" not null,
    connection_id text collate "C" not null,
    limiter_key text collate "C",
    paused boolean not null default false,
    observe boolean not null default false,
    removed boolean not null default false,
    held text,
    held_by text,
    due_at timestamptz,
    due_priority smallint not null default 2,
    owner text,
    until timestamptz,
    epoch bigint not null default 0,
    writing text,
    dead_at timestamptz,
    failures integer not null default 0,
    failing_since timestamptz,
    blocked_until timestamptz,
    blocked_by text,
    token text,
    zone_size integer,
    tidy_at timestamptz,
    tidy_since timestamptz,
    adopt_until timestamptz
  ) with (fillfactor = 70)`,
  /* Thousands of digests compress badly and are read back at once only after a crash. */
  `alter table lane alter column writing set storage external`,
  `create index lane_due on lane (limiter_key, due_priority, due_at) where due_at is not null and not paused and not removed and held is null`,

  /* One row per (target, owner name): inbox, ledger and last outcome. `due_at` null: settled. */
  `create table name (
    target text collate "C" not null,
    owner_name text collate "C" not null,
    zone_id text collate "C" not null,
    timeline bigint not null,
    generation bigint not null,
    digest text not null,
    wanted text not null,
    puts text not null,
    vms text not null,
    priority smallint not null,
    owned jsonb not null default '{}',
    doubt text,
    doubt_until timestamptz,
    must_read boolean not null default false,
    state text not null,
    reason text,
    provider_text text,
    wrote boolean not null default false,
    turn bigint not null default 0,
    attempts integer not null default 0,
    outcome_at timestamptz,
    next_try_at timestamptz,
    due_at timestamptz,
    primary key (target, owner_name)
  ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05)`,
  `create index name_due on name (target, priority, due_at) where due_at is not null`,

  /*
   * What is at the target and not ours, from the last whole reading. A table of its own: a row of \`name\` means that a
   * command was heard, a foreign name has none; and a whole reading replaces these rows at one stroke, which would
   * churn the hot table.
   */
  `create table held_foreign (
    target text collate "C" not null,
    owner_name text collate "C" not null,
    types text not null,
    primary key (target, owner_name)
  )`,

  /* Outcomes that were committed and perhaps not said: written with them, deleted when the bus has them. */
  `create table unsaid (
    target text collate "C" not null,
    instance text collate "C" not null,
    since timestamptz not null,
    mark bigint not null,
    primary key (target, instance)
  ) with (fillfactor = 70)`,
];

/** The first schema of an adapter. */
export class CreateTables1764000000000 implements Migration {
  async up(runner: Runner): Promise<void> {
    for (const statement of [...TABLES, ...FeedReader.ddl()]) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
