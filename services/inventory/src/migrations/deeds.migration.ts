import { Deeds } from '@vmdns/chassis';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What people decided here, and which deletions wait for them, so that it is known what PostgreSQL lost. */
export class Deeds1764000000004 implements MigrationInterface {
  readonly name = 'Deeds1764000000004';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of Deeds.ddl()) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('forward only');
  }
}
