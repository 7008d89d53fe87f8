import type { MigrationClass } from '@vmdns/store';

type Migration = InstanceType<MigrationClass>;
type Runner = Parameters<Migration['up']>[0];

/** What last kept a connection, or all that share a budget, from working: kept for people when it is over. */
export class AddLastError1764500000000 implements Migration {
  async up(runner: Runner): Promise<void> {
    for (const table of ['connection', 'limiter']) await runner.query(`alter table ${table} add column failed_by text, add column failed_at timestamptz`);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
