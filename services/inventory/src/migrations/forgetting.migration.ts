import { ChangeFeed } from '@vmdns/store';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const STATEMENTS = [
  'create index vm_gone on vm (deleted_at) where deleted_at is not null',
  // One row: the highest numbers of all VMs that were forgotten.
  `create table forgotten (
    one boolean primary key default true check (one),
    life bigint not null default 0,
    revision bigint not null default 0
  )`,
  'insert into forgotten default values',
];

/** What is needed to forget VMs long gone, and to cut from the change feed what was said anew since. */
export class Forgetting1764000000003 implements MigrationInterface {
  readonly name = 'Forgetting1764000000003';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...STATEMENTS, ...ChangeFeed.compactionDdl()]) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('forward only');
  }
}
