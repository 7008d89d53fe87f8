import type { MigrationInterface, QueryRunner } from 'typeorm';

/** To find what is gone: VMs, and names without records. Neither column is written by settling. */
export class Forgetting1764500000000 implements MigrationInterface {
  readonly name = 'Forgetting1764500000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create index vm_gone on vm (vm_id) where deleted');
    await runner.query(`create index name_empty on name (zone_id, owner_name) where desired = '[]'`);
  }

  async down(): Promise<void> {
    throw new Error('forward only');
  }
}
