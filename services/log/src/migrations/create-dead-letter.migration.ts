import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What could not be taken, as it came: shown masked, and told once more when somebody has mended it. */
const STATEMENTS = [
  `create table dead_letter (
    id uuid primary key,
    event_id text not null unique,
    at timestamptz(3) not null,
    service text collate "C" not null,
    subject text not null,
    reason text not null,
    payload text not null,
    headers jsonb not null,
    state text not null default 'open' check (state in ('open', 'replayed')),
    replayed_at timestamptz(3),
    replayed_by text
  )`,
  'create index dead_letter_at on dead_letter (at, id)',
];

export class CreateDeadLetter1764000000001 implements MigrationInterface {
  readonly name = 'CreateDeadLetter1764000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table dead_letter');
  }
}
