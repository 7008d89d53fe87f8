import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Holds of removals (L13): one for each source, over all zones; `zone_id` of such a hold is `source <name>`. A removal
 * that went through is counted by zone for as long as its window.
 */
export class RemovalHolds1764100000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [
      `alter table hold add column kind text not null default 're-homing'`,
      `alter table hold_member add column removes jsonb`,
      `create table removal (zone_id text collate "C" not null, at timestamptz not null default clock_timestamp(), count integer not null)`,
      `create index removal_window on removal (zone_id, at)`,
    ]) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('forward only');
  }
}
