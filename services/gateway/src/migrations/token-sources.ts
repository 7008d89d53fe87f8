/** What a migration needs of TypeORM's query runner. */
interface Runner { query(sql: string): Promise<unknown> }

/** What the events of a token may name as their source; null: anything. */
export class TokenSources1764000000002 {
  async up(runner: Runner): Promise<void> {
    await runner.query('alter table token add column sources text[]');
  }

  async down(runner: Runner): Promise<void> {
    await runner.query('alter table token drop column sources');
  }
}
