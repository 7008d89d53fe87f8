import { ChangeFeed, FeedReader } from '@vmdns/store';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Everything the planner remembers. Key columns are `collate "C"`, so that the order of locks is the same for all
 * (PROTOCOL §7) and "every name below this apex" is one range of reverse keys.
 */
export class CreatePlanner1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...zones, ...facts, ...names, ...holds, ...ChangeFeed.ddl(), ...FeedReader.ddl()]) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('forward only');
  }
}

const zones = [
  // One row; its version is what the zone cache of a process is valid for.
  `create table zone_set (id int primary key default 1 check (id = 1), version bigint not null)`,
  `insert into zone_set (version) values (1)`,
  `create table setting (id int primary key default 1 check (id = 1), body jsonb not null)`,
  `create table provider (
     name text collate "C" primary key, era text not null, announcement jsonb not null, seen_at timestamptz not null)`,
  `create table connection (
     id text collate "C" primary key, name text not null, provider text not null, settings jsonb not null, sealed jsonb not null,
     paused boolean not null default false, removed boolean not null default false, revision int not null default 1,
     created_at timestamptz not null default now())`,
  // released: it has been in mode \`write\`; until then it is a plan, and its names stay with the zone outside it.
  `create table zone (
     id text collate "C" primary key, seq bigint generated always as identity, apex text collate "C" not null,
     provider text not null, connection_id text collate "C" not null, mode text not null, released boolean not null,
     body jsonb not null, state text not null, purge boolean not null default false, paused boolean not null default false,
     revision int not null default 1, created_at timestamptz not null default now())`,
  `create unique index zone_once on zone (apex, connection_id) where state <> 'removed'`,
  `create table pause (
     id text collate "C" primary key, kind text not null, scope_id text, by text not null, why text not null,
     since timestamptz not null default now(), until timestamptz)`,
  // Work that is done in pages: re-homing a range of keys, planning VMs again, issuing again, forgetting a zone's rows.
  `create table job (
     id bigint generated always as identity primary key, kind text not null, body jsonb not null,
     cursor text collate "C" not null default '', created_at timestamptz not null default now())`,
];

const facts = [
  // former: names this VM had and that are not yet settled without it, as [zoneId, ownerName] pairs.
  `create table vm (
     vm_id text collate "C" primary key, life bigint not null, revision bigint not null, planned_revision bigint not null,
     tenant text, deleted boolean not null, fact jsonb not null, former jsonb not null default '[]',
     updated_at timestamptz not null default now()) with (fillfactor = 70)`,
  `create table wish (
     rkey text collate "C" not null, kind text collate "C" not null, vm_id text collate "C" not null, life bigint not null,
     claim bigint not null, tenant text, share boolean not null, body jsonb not null,
     primary key (rkey, kind, vm_id)) with (fillfactor = 70)`,
  `create index wish_holder on wish (rkey, kind, claim)`,
  `create index wish_vm on wish (vm_id)`,
];

const names = [
  // rkey: the key of the wishes that decide this row (in a classless zone it is not the row's own name).
  // replaces: another row of the same key waits until this one has settled. since: how long state and reason are these.
  `create table name (
     zone_id text collate "C" not null, owner_name text collate "C" not null, rkey text collate "C" not null,
     desired jsonb not null default '[]', digest text not null default '', plan_reason jsonb,
     timeline int not null default 1, generation bigint not null default 0, settled_generation bigint not null default 0,
     state text not null default 'pending', reason jsonb, turn bigint not null default -1, heard boolean not null default false,
     issue_at timestamptz not null default 'infinity', issue_attempts int not null default 0, priority smallint not null default 1,
     vms text[] not null default '{}', attempts int not null default 0, next_try_at timestamptz,
     replaces boolean not null default false, hold_id text, kept boolean not null default false,
     since timestamptz not null default now(), updated_at timestamptz not null default now(),
     primary key (zone_id, owner_name)) with (fillfactor = 70)`,
  `create index name_key on name (rkey)`,
  `create index name_unsettled on name (zone_id, issue_at) where settled_generation < generation`,
  `create index name_replaces on name (rkey) where replaces`,
];

const holds = [
  `create table hold (
     id text collate "C" primary key, zone_id text collate "C" not null, state text not null, text text not null,
     opened_at timestamptz not null default now(), decided_at timestamptz, decided_by text)`,
  `create unique index hold_open on hold (zone_id) where state = 'open'`,
  `create table hold_member (
     hold_id text collate "C" not null, zone_id text collate "C" not null, owner_name text collate "C" not null,
     timeline int not null, generation bigint not null, changed boolean not null default false, text text not null,
     primary key (hold_id, zone_id, owner_name))`,
];
