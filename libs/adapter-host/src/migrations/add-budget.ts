import type { MigrationClass } from '@vmdns/store';

type Migration = InstanceType<MigrationClass>;
type Runner = Parameters<Migration['up']>[0];

/**
 * Calls per time of providers that count them: the declared rate and its burst (null: not counted), what is saved up,
 * what the provider itself told, and until when only urgent changes may call. Such a limiter has a slot 0 for those.
 */
export class AddBudget1764300000000 implements Migration {
  async up(runner: Runner): Promise<void> {
    await runner.query(`alter table limiter add column per_second float8, add column burst integer, add column tokens float8, add column tokens_at timestamptz,
      add column told_per_second float8, add column left_calls float8, add column left_until timestamptz, add column bulk_until timestamptz, add column bulk_by text`);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
