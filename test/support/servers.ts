import { randomBytes } from 'node:crypto';
import { findNatsServer, findPowerdns, findSqlite3, NatsServer, powerdnsTables, PowerdnsServer, type PowerdnsBackend, type PowerdnsStore } from '@vmdns/local';
import pg from 'pg';
import { freshDatabase } from './postgres.js';
import { childEnv, finder, newFolder } from './run-folder.js';

/** A nats-server of the caller's own, empty unless `dir` holds an earlier store. */
export async function startNats(options: { readonly dir?: string; readonly port?: number; readonly config?: string } = {}): Promise<NatsServer> {
  return NatsServer.start({
    binary: await findNatsServer(finder()),
    folder: options.dir ?? newFolder('nats'),
    env: childEnv(),
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.config === undefined ? {} : { config: options.config }),
  });
}

export interface PowerdnsChoice {
  readonly backend?: PowerdnsBackend;
  /** `default-api-rectify`: whether a PATCH rectifies the whole zone. The server's default is true. */
  readonly rectify?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
}

/** A PowerDNS of the caller's own, empty. */
export async function startPowerdns(choice: PowerdnsChoice = {}): Promise<PowerdnsServer> {
  const backend = choice.backend ?? 'lmdb';
  return PowerdnsServer.start({
    binary: await findPowerdns(finder(), ['lmdb', 'gsqlite3', 'gpgsql']),
    folder: newFolder('powerdns'),
    store: await storeOf(backend),
    apiKey: randomBytes(12).toString('hex'),
    env: childEnv(),
    settings: {
      'receiver-threads': '1',
      'distributor-threads': '1',
      'default-api-rectify': choice.rectify === false ? 'no' : 'yes',
      ...choice.settings,
    },
  });
}

async function storeOf(backend: PowerdnsBackend): Promise<PowerdnsStore> {
  if (backend === 'lmdb') return { backend };
  if (backend === 'gsqlite3') return { backend, sqlite3: await findSqlite3(finder()) };
  const database = await freshDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(powerdnsTables('gpgsql'));
  await client.end();
  return { backend, host: database.host, port: database.port, user: 'postgres', password: 'vmdns', database: database.name };
}
