import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a person said of a connection's new address: true for as long as the settings stay as they are. */
export class SameServer1764000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table connection add column same_server boolean not null default false');
  }

  async down(): Promise<void> {
    throw new Error('forward only');
  }
}
