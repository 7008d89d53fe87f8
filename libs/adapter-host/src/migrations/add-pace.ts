import type { MigrationClass } from '@vmdns/store';

type Migration = InstanceType<MigrationClass>;
type Runner = Parameters<Migration['up']>[0];

/** When a name was last written, or one that changes together with it: what changes again soon waits a little. */
export class AddPace1764700000000 implements Migration {
  async up(runner: Runner): Promise<void> {
    await runner.query('alter table name add column paced_from timestamptz');
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
