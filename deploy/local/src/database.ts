import pg from 'pg';

export const DATABASE = 'vmdns';

/** One role per schema: it may make its own schema and reach nobody else's. May run twice. */
export async function provisionDatabase(superuserUrl: (database?: string) => string, roles: ReadonlyMap<string, string>): Promise<void> {
  await withClient(superuserUrl(), async (client) => {
    const known = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (known.rowCount === 0) await client.query(`create database ${DATABASE}`);
    await client.query(`revoke all on database ${DATABASE} from public`);
    for (const [schema, password] of roles) {
      const role = roleOf(schema);
      const found = await client.query('select 1 from pg_roles where rolname = $1', [role]);
      const verb = found.rowCount === 0 ? 'create' : 'alter';
      await client.query(`${verb} role "${role}" login password ${pg.escapeLiteral(password)}`);
      await client.query(`grant connect, create, temporary on database ${DATABASE} to "${role}"`);
    }
  });
}

export function roleOf(schema: string): string {
  return `vmdns_${schema}`;
}

export function roleUrl(port: number, schema: string, password: string): string {
  return `postgres://${roleOf(schema)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${DATABASE}`;
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
