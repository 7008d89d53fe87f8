import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNatsServer, NatsServer, PostgresServer } from '@vmdns/local';

export { until } from '@vmdns/local';

/** Real servers of one spec's own, which the spec may stop and kill. */
export interface OwnServers {
  readonly nats: NatsServer;
  readonly postgres: PostgresServer;
  dispose(): Promise<void>;
}

export async function startServers(): Promise<OwnServers> {
  const folder = mkdtempSync(join(tmpdir(), 'vmdns-chassis-'));
  chmodSync(folder, 0o711);
  const env = { VMDNS_RUN_ID: process.env['VMDNS_TEST_RUN_ID'] ?? 'chassis' };
  const toolsFolder = process.env['VMDNS_TOOLS'] ?? join(process.cwd(), '.vmdns', 'tools');
  mkdirSync(toolsFolder, { recursive: true });
  const binary = await findNatsServer({ toolsFolder, env: process.env, say: () => undefined });
  const [nats, postgres] = await Promise.all([
    NatsServer.start({ binary, folder: join(folder, 'nats'), env }),
    PostgresServer.start({ folder: join(folder, 'postgres'), password: 'test-password', settings: { fsync: 'off', shared_buffers: '32MB' }, env }),
  ]);
  return {
    nats, postgres,
    async dispose() {
      await Promise.all([nats.kill(), postgres.kill()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
