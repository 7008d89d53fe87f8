import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Names that a person took out of vmdns' hands (`released`), or has given back and whose adapter has not settled that yet (`adopting`). */
export class ReleasedNames1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table name add column hands text, add column handed jsonb');
  }

  async down(): Promise<void> {
    throw new Error('forward only');
  }
}
