import type { MigrationClass } from '@vmdns/store';

type Migration = InstanceType<MigrationClass>;
type Runner = Parameters<Migration['up']>[0];

/** Until when lanes that are made take equals over, as those do that were there when the timeline was raised: a lost zone is added again. */
export class AddAdoptUntil1764600000000 implements Migration {
  async up(runner: Runner): Promise<void> {
    await runner.query('alter table host add column adopt_until timestamptz');
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
