import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AnnouncementEvent, subjects, type Announcement } from '@vmdns/contracts';
import { parseConfig, type RunningService } from '@vmdns/chassis';
import { freshDatabase, newFolder, startNats, until, type NatsServer, type TestDatabase } from '@vmdns/test/support';
import { exportJWK, generateKeyPair } from 'jose';
import { Config } from '../src/config.js';
import { startGateway } from '../src/start.js';
import { DoorClient } from './door-client.js';
import { ScriptedServices } from './scripted-services.js';

export const ADMIN_TOKEN = 'vmdns_first-admin-token-of-a-test';
export const NOW = '2026-11-21T12:00:00.000Z';
export const keys = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true });

/** What an adapter of PowerDNS would announce. */
export const announcement: Announcement = {
  provider: 'powerdns', instance: 'a', era: 'e1', at: NOW, publicKey: { ...await exportJWK(keys.publicKey), kid: 'key-1' },
  capabilities: { grain: 'rrset', batch: true, types: ['A', 'AAAA', 'PTR', 'CNAME'], ttl: { min: 1, max: 86_400 }, verify: 'api', multiplePtr: true, wildcard: true, classlessReverse: true, overlap: 'harmless', callLifeMs: 10_000 },
  connectionSchema: { type: 'object', required: ['url', 'apiKey'], properties: { url: { type: 'string', format: 'uri' }, apiKey: { type: 'string', minLength: 8, writeOnly: true } } },
  zoneSchema: { type: 'object', properties: { rectify: { type: 'string', enum: ['auto', 'never'] } } },
};

/** A gateway on real servers, with scripted services behind it. */
export class World {
  private constructor(readonly nats: NatsServer, readonly database: TestDatabase, readonly services: ScriptedServices, public gateway: RunningService, readonly lines: string[], private readonly environment: Readonly<Record<string, string>>, private readonly unlisten: () => void) {}

  static async begin(environment: Readonly<Record<string, string>> = {}): Promise<World> {
    const [nats, database] = await Promise.all([startNats(), freshDatabase()]);
    const file = join(newFolder('gateway'), 'admin-token');
    writeFileSync(file, `${ADMIN_TOKEN}\n`);
    const lines: string[] = [];
    const unlisten = listen(lines);
    const whole = { NATS_URL: nats.url, DATABASE_URL: await database.urlFor('gateway'), ADMIN_TOKEN_FILE: file, LOG_LEVEL: 'debug', CONSOLE_DIR: 'none', ...environment };
    const gateway = await startGateway(parseConfig(Config, whole), { handleSignals: false });
    const world = new World(nats, database, await ScriptedServices.connect(nats.url), gateway, lines, whole, unlisten);
    await world.#ready();
    return world;
  }

  /** The gateway ends and begins again, with another environment. */
  async restart(changed: Readonly<Record<string, string>>): Promise<void> {
    await this.gateway.close();
    this.gateway = await startGateway(parseConfig(Config, { ...this.environment, ...changed }), { handleSignals: false });
    await this.#ready();
  }

  async #ready(): Promise<void> {
    await until(async () => (await fetch(`${this.gateway.url}/readyz`)).ok, { withinMs: 20_000, what: 'the gateway to be ready' });
  }

  get door(): DoorClient {
    return new DoorClient(this.gateway.url, ADMIN_TOKEN);
  }

  /** An adapter says who it is, and the gateway has heard it. */
  async announce(changed: Partial<Announcement> = {}): Promise<void> {
    const event = AnnouncementEvent.parse({ specversion: '1.0', id: '1', source: 'test', type: 'vmdns.adapter.announced.v1', data: { ...announcement, ...changed } });
    await this.services.on('planner.providers', () => ({ items: [] }));
    await until(async () => {
      await this.services.say(subjects.announce.of(event.data.provider), event);
      const { body } = await this.door.ask('GET', '/v1/providers');
      return (body as { readonly items: readonly { readonly name: string }[] }).items.some((each) => each.name === event.data.provider);
    }, { withinMs: 5000, what: 'the gateway to hear an announcement' });
  }

  /** A new token of this role. */
  async tokenOf(role: string, tenant: string | null = null): Promise<string> {
    const { body } = await this.door.ask('POST', '/v1/tokens', { body: { name: `${role}-${tenant ?? 'all'}`, role, tenant } });
    return (body as { readonly token: string }).token;
  }

  async end(): Promise<void> {
    await this.services.close();
    await this.gateway.close();
    await this.nats.kill();
    await this.database.drop();
    this.unlisten();
  }
}

/** Everything that this process writes to standard output, the log among it; the lines are kept and not shown. */
function listen(lines: string[]): () => void {
  const { stdout } = process;
  const write = stdout.write.bind(stdout);
  stdout.write = ((chunk: string | Uint8Array, ...rest: never[]) => {
    const text = String(chunk);
    if (!text.startsWith('{"level"')) return write(chunk, ...rest);
    lines.push(text);
    return true;
  }) as typeof stdout.write;
  return () => { stdout.write = write; };
}
