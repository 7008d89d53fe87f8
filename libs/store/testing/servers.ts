import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgresServer } from '@vmdns/local';
import pg from 'pg';

export { until } from '@vmdns/local';

/** A PostgreSQL of one spec's own, which the spec may stop and kill. */
export interface OwnPostgres {
  readonly server: PostgresServer;
  /** A new empty database. */
  freshDatabase(): Promise<{ readonly url: string; urlAs(role: string): Promise<string>; asRoot<T extends object>(sql: string): Promise<readonly T[]> }>;
  dispose(): Promise<void>;
}

export async function startPostgres(): Promise<OwnPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'vmdns-store-'));
  chmodSync(folder, 0o711);
  const env = { VMDNS_RUN_ID: process.env['VMDNS_TEST_RUN_ID'] ?? 'store' };
  const server = await PostgresServer.start({ folder, password: 'test', settings: { fsync: 'off', shared_buffers: '32MB' }, env });
  let count = 0;
  const asRoot = async <T extends object>(url: string, sql: string): Promise<readonly T[]> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<T>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    server,
    async freshDatabase() {
      const name = `t${count += 1}`;
      await asRoot(server.url(), `create database ${name}`);
      const url = server.url(name);
      return {
        url,
        async urlAs(role) {
          await asRoot(url, `create role ${role} login password 'test'`).catch(() => undefined);
          await asRoot(url, `grant create on database ${name} to ${role}`);
          return url.replace('postgres:test@', `${role}:test@`);
        },
        asRoot: (sql) => asRoot(url, sql),
      };
    },
    async dispose() {
      await server.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
