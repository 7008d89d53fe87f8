import type { MigrationInterface, QueryRunner } from 'typeorm';

const STATEMENTS = [
  `alter table deletion add column publisher text collate "C" not null default ''`,
  `alter table hold add column publisher text collate "C" not null default ''`,
  'drop index hold_open',
  `create unique index hold_open on hold (source, publisher) where state = 'open'`,
];

/** A source is what an event says of itself; by whom it came is counted beside it. */
export class CountByPublisher1764000000001 implements MigrationInterface {
  readonly name = 'CountByPublisher1764000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('forward only');
  }
}
