import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a decision did, so that the same decision said twice has the same answer. */
export class HoldOutcome1764000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table hold add column released bigint not null default 0, add column left_out text[] not null default '{}'`);
  }

  async down(): Promise<void> {
    throw new Error('forward only');
  }
}
