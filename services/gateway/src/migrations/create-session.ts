/** What a migration needs of TypeORM's query runner. */
interface Runner { query(sql: string): Promise<unknown> }

/** Who is signed in (hashes of cookies, never a cookie), and who did what. */
export class CreateSession1764000000001 {
  async up(runner: Runner): Promise<void> {
    await runner.query(`
      create table session (
        hash text collate "C" primary key,
        token_id text collate "C" not null references token,
        token_hash text collate "C" not null,
        created_at timestamptz not null default clock_timestamp(),
        expires_at timestamptz not null
      )`);
    await runner.query('create index session_expiry on session (expires_at)');
    await runner.query(`
      create table audit (
        id bigint generated always as identity primary key,
        at timestamptz not null default clock_timestamp(),
        by_name text not null,
        role text not null,
        tenant text,
        via text not null check (via in ('token', 'session')),
        call text not null,
        method text not null,
        path text not null,
        about text,
        status int not null,
        traceparent text
      )`);
  }

  async down(runner: Runner): Promise<void> {
    await runner.query('drop table audit, session');
  }
}
