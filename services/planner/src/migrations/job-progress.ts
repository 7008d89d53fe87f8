import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How far paged work is: keys or VMs done, and how many there were when it began (null: not counted yet). */
export class JobProgress1764300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table job add column done bigint not null default 0, add column total bigint');
  }

  async down(): Promise<void> {
    throw new Error('forward only');
  }
}
