import type { MigrationInterface, QueryRunner } from 'typeorm';

/** VMs are found by the beginning of their name. A stored column and not an expression: so a new address stays a HOT update. */
export class SearchVms1764000000010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table vm add column name text collate "C" generated always as (coalesce(fact->>'fqdn', fact->>'hostname')) stored`);
    await runner.query('create index vm_name on vm (name) where name is not null');
  }

  async down(): Promise<void> {
    throw new Error('forward only');
  }
}
