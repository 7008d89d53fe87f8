import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNatsServer, freePort, NatsServer } from '@vmdns/local';

export { freePort, until } from '@vmdns/local';

/** A nats-server of one spec's own, which the spec may stop, wipe and kill. */
export interface OwnNats {
  readonly url: string;
  readonly server: NatsServer;
  dispose(): Promise<void>;
}

export async function startNats(port?: number): Promise<OwnNats> {
  const folder = mkdtempSync(join(tmpdir(), 'vmdns-bus-'));
  const toolsFolder = process.env['VMDNS_TOOLS'] ?? join(process.cwd(), '.vmdns', 'tools');
  mkdirSync(toolsFolder, { recursive: true });
  const binary = await findNatsServer({ toolsFolder, env: process.env, say: () => undefined });
  const server = await NatsServer.start({ binary, folder, port: port ?? await freePort(), env: { VMDNS_RUN_ID: process.env['VMDNS_TEST_RUN_ID'] ?? 'bus' } });
  return {
    url: server.url, server,
    async dispose() {
      await server.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
