import { ChangeFeed } from '@vmdns/store';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * `vm`: one row per VM id, living or tombstone. `body` is the state that travels, `memory` what places a late fact (what
 * each source said last, earlier uids, the last deletion). `find_keys` holds addresses and names of a living VM, for one
 * index over both, without a pending list, so that no PUT pays for the flush of others. `hold_id` points to the deletion
 * of this VM that waits, or that a person decided to ignore.
 */
const STATEMENTS = [
  'create sequence claim as bigint',
  `create table vm (
    vm_id text collate "C" primary key,
    tenant text collate "C",
    source text collate "C" not null,
    uid text,
    life bigint not null,
    version bigint,
    revision bigint not null,
    deleted_at timestamptz,
    find_keys text[] not null,
    body jsonb not null,
    memory jsonb not null,
    hold_id text collate "C"
  ) with (fillfactor = 70)`,
  'create index vm_find on vm using gin (find_keys) with (fastupdate = off)',
  'create index vm_tenant on vm (tenant, vm_id) where deleted_at is null',
  'create index vm_source on vm (source) where deleted_at is null',
  // One row per batch and source: the window that the brake counts.
  `create table deletion (
    source text collate "C" not null,
    at timestamptz not null default clock_timestamp(),
    count bigint not null
  )`,
  'create index deletion_window on deletion (source, at)',
  `create table hold (
    hold_id text collate "C" primary key,
    source text collate "C" not null,
    state text not null check (state in ('open', 'approved', 'rejected')),
    rule text not null,
    opened_at timestamptz(3) not null default clock_timestamp(),
    decided_at timestamptz(3),
    decided_by text
  )`,
  `create unique index hold_open on hold (source) where state = 'open'`,
  `create table hold_member (
    hold_id text collate "C" not null references hold,
    vm_id text collate "C" not null,
    life bigint not null,
    revision bigint not null,
    state text not null check (state in ('waiting', 'released', 'changed', 'kept')),
    deletion jsonb not null,
    primary key (hold_id, vm_id)
  )`,
  'create table setting (key text primary key, value jsonb not null)',
];

export class CreateInventory1764000000000 implements MigrationInterface {
  readonly name = 'CreateInventory1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...STATEMENTS, ...ChangeFeed.ddl()]) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('dropping the inventory: forward only');
  }
}
