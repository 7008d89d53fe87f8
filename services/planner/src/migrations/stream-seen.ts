import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which stream the planner's commands went into, so that a planner that was not there when it was wiped knows it too. */
export class StreamSeen1764300000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create table stream_seen (stream text primary key, created text not null)');
  }

  async down(): Promise<void> {
    throw new Error('forward only');
  }
}
