import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Two indexes instead of three, each with one task: the wishes of a VM, and the wishes of a key in the order of claims. */
export class SlimWishes1764200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table wish drop constraint wish_pkey');
    await runner.query('drop index wish_vm');
    await runner.query('alter table wish add primary key (vm_id, rkey, kind)');
  }

  async down(): Promise<void> {
    throw new Error('forward only');
  }
}
