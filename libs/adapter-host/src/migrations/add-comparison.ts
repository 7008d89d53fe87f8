import type { MigrationClass } from '@vmdns/store';

type Migration = InstanceType<MigrationClass>;
type Runner = Parameters<Migration['up']>[0];

const STATEMENTS = [
  'alter table zone add column compare_every_seconds integer not null default 86400',
  // take_over: what a person (or a raised timeline) lets the next turn take for ours: 'equal' or 'any'.
  'alter table name add column released boolean not null default false, add column take_over text',
  /* One row for each lane: when its zone is compared with the provider, and what came of it last. Apart from the hot lane row. */
  `create table comparison (
    target text collate "C" primary key,
    next_at timestamptz,
    asked_at timestamptz,
    trusts_listing boolean not null default false,
    owner text,
    until timestamptz,
    tried_at timestamptz,
    failures integer not null default 0,
    fault text,
    suspect_at timestamptz,
    began_at timestamptz,
    took_ms integer,
    counts text
  )`,
  /* What was not equal, at most so many of each kind. */
  `create table comparison_entry (
    target text collate "C" not null,
    kind text collate "C" not null,
    owner_name text collate "C" not null,
    type text collate "C" not null,
    ours boolean not null,
    wanted text,
    held text,
    primary key (target, kind, owner_name, type)
  )`,
];

/** Comparing zones with their provider, adopting and releasing. */
export class AddComparison1764100000010 implements Migration {
  async up(runner: Runner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
