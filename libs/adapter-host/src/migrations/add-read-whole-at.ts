import type { MigrationClass } from '@vmdns/store';

type Migration = InstanceType<MigrationClass>;
type Runner = Parameters<Migration['up']>[0];

/** When a target was last read whole: zones whose change token stands still are looked at again by age. */
export class AddReadWholeAt1764100000000 implements Migration {
  async up(runner: Runner): Promise<void> {
    await runner.query('alter table lane add column read_whole_at timestamptz');
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
