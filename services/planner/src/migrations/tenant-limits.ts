import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What tenants may use; who has no row may use anything. */
export class TenantLimits1764400000000 implements MigrationInterface {
  readonly name = 'TenantLimits1764400000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create table tenant_limit (tenant text collate "C" primary key, domains text[], ranges text[], changed_by text not null, changed_at timestamptz(3) not null default now())');
  }

  async down(): Promise<void> {
    throw new Error('forward only');
  }
}
