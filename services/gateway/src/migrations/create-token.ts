/** What a migration needs of TypeORM's query runner. */
interface Runner { query(sql: string): Promise<unknown> }

/** Who may call: hashes of tokens, never a token. */
export class CreateToken1763690400000 {
  async up(runner: Runner): Promise<void> {
    await runner.query(`
      create table token (
        id text collate "C" primary key,
        hash text collate "C" not null unique,
        name text not null,
        role text not null check (role in ('admin', 'operator', 'publisher', 'viewer')),
        tenant text,
        created_at timestamptz not null default clock_timestamp(),
        created_by text not null,
        last_used_at timestamptz,
        revoked_at timestamptz
      )`);
    await runner.query('create index token_name on token (name) where revoked_at is null');
  }

  async down(runner: Runner): Promise<void> {
    await runner.query('drop table token');
  }
}
