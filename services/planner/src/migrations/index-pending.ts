import type { MigrationInterface, QueryRunner } from 'typeorm';

/** For the age of the oldest unsettled name: its first entry is the answer. */
export class IndexPending1764000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create index name_pending on name (since) where settled_generation < generation');
  }

  async down(): Promise<void> {
    throw new Error('forward only');
  }
}
