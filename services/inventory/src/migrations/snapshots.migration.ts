import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * `snapshot`: a source's complete list while it comes in and is carried out, with how far that is; `snapshot_line`: its
 * lines (`fact` null: the VM is in the list, and what is said of it is faulty). `missing`: VMs of a source that its last
 * complete list did not have, and since when, as they were then.
 */
const STATEMENTS = [
  `create table snapshot (
    id text collate "C" primary key,
    source text collate "C" not null,
    tenant text collate "C",
    publisher text collate "C" not null,
    begun_at timestamptz(3) not null,
    lines bigint not null default 0,
    unreadable bigint not null default 0,
    phase text not null default 'filling' check (phase in ('filling', 'facts', 'sightings', 'deletions', 'done')),
    cursor text collate "C" not null default ''
  )`,
  'create index snapshot_source on snapshot (source)',
  `create table snapshot_line (
    snapshot_id text collate "C" not null references snapshot on delete cascade,
    vm_id text collate "C" not null,
    line bigint not null,
    fact jsonb,
    primary key (snapshot_id, vm_id)
  )`,
  'create index snapshot_line_order on snapshot_line (snapshot_id, line)',
  `create table missing (
    source text collate "C" not null,
    vm_id text collate "C" not null,
    life bigint not null,
    revision bigint not null,
    first_at timestamptz(3) not null,
    primary key (source, vm_id)
  )`,
];

export class Snapshots1764000000002 implements MigrationInterface {
  readonly name = 'Snapshots1764000000002';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('forward only');
  }
}
