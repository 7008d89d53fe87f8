import { Deeds } from '@vmdns/chassis';

/** What a migration needs of TypeORM's query runner. */
interface Runner { query(sql: string): Promise<unknown> }

/** What people decided here, so that it is known what PostgreSQL lost. */
export class Deeds1764000000003 {
  async up(runner: Runner): Promise<void> {
    for (const statement of Deeds.ddl()) await runner.query(statement);
  }

  async down(runner: Runner): Promise<void> {
    await runner.query('drop table deed');
  }
}
