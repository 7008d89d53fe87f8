import { Controller, Get, Inject, Module } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Bus, cloudEvent, type InMessage, OnBatch, OnRequest, rpcClient } from '@vmdns/bus';
import { cloudEventOf, subjects } from '@vmdns/contracts';
import { Store } from '@vmdns/store';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import { type OwnServers, startServers, until } from '../testing/servers.js';
import { BaseConfig } from './base-config.js';
import { parseConfig } from './parse-config.js';
import { CONFIG, ServiceInfo } from './service-info.js';
import { type RunningService, startService } from './start-service.js';

const Config = BaseConfig.extend({ GREETING: z.string().default('hello') });
type Config = z.output<typeof Config>;
const NoteEvent = cloudEventOf('test.note.v1', z.object({ n: z.number() }));
const notesRpc = { count: { ask: z.object({}), answer: z.object({ count: z.number() }) } };

class CreateNote1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> { await runner.query('create table note (n bigint primary key)'); }
  async down(): Promise<void> { throw new Error('forward only'); }
}

@Controller()
class NotesController {
  constructor(private readonly store: Store, private readonly info: ServiceInfo, @Inject(CONFIG) private readonly config: Config) {}

  @OnBatch({ stream: 'EVENT', subject: subjects.event.all, event: NoteEvent })
  async notes(messages: readonly InMessage<{ n: number }>[]): Promise<void> {
    await this.store.query('insert into note select unnest($1::bigint[]) on conflict do nothing', [messages.map((message) => message.data.n)]);
  }

  @OnRequest('notes', 'count', notesRpc.count)
  async count(): Promise<{ count: number }> {
    const [row] = await this.store.query<{ count: number }>('select count(*) as count from note');
    return { count: row?.count ?? 0 };
  }

  @Get('greeting')
  greet(): { text: string } {
    return { text: `${this.config.GREETING} from ${this.info.name}` };
  }
}

@Module({ controllers: [NotesController] })
class NotesModule {}

describe('a service', () => {
  let servers: OwnServers;
  const running: RunningService[] = [];
  const start = async (more: Readonly<Record<string, string>> = {}, migrations: readonly (new () => MigrationInterface)[] = [CreateNote1764000000000]): Promise<RunningService> => {
    const config = parseConfig(Config, { NATS_URL: servers.nats.url, DATABASE_URL: servers.postgres.url(), LOG_LEVEL: 'silent', ...more });
    const service = await startService({ name: 'notes', config, module: NotesModule, migrations, handleSignals: false });
    running.push(service);
    return service;
  };
  const get = async (service: RunningService, path: string): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`${service.url}${path}`);
    const text = await response.text();
    return { status: response.status, body: response.headers.get('content-type')?.includes('json') === true ? JSON.parse(text) : text };
  };
  const isReady = async (service: RunningService): Promise<boolean> => (await get(service, '/readyz')).status === 200;
  const counted = async (service: RunningService) => rpcClient(service.app.get(Bus), 'notes', notesRpc).count({});
  let n = 0;
  const say = (service: RunningService) => service.app.get(Bus).publish(subjects.event.vm(`vm-${n}`), cloudEvent('test.note.v1', 'test', { n: n += 1 }));

  beforeAll(async () => { servers = await startServers(); });
  afterEach(async () => { await Promise.all(running.splice(0).map((service) => service.close())); });
  afterAll(() => servers.dispose());

  it('serves its routes, its handlers, health and metrics', async () => {
    const service = await start();
    await until(() => isReady(service));
    expect(await get(service, '/greeting')).toEqual({ status: 200, body: { text: 'hello from notes' } });
    expect(await get(service, '/healthz')).toMatchObject({ status: 200, body: { status: 'alive', service: 'notes' } });
    await say(service);
    await until(async () => {
      const reply = await counted(service);
      return reply.ok && reply.value.count === n;
    });
    const metrics = await get(service, '/metrics');
    expect(metrics.body).toContain('vmdns_messages_total{durable="notes"} 1');
  });

  it('starts while Postgres and NATS are away, says so, answers 503, and becomes ready when they come', async () => {
    await Promise.all([servers.nats.kill(), servers.postgres.kill()]);
    const service = await start();
    expect(await get(service, '/healthz')).toMatchObject({ status: 200 });
    expect(await get(service, '/readyz')).toMatchObject({ status: 503, body: { ready: false, parts: { nats: { ready: false }, postgres: { ready: false } } } });
    expect(await get(service, '/greeting')).toMatchObject({ status: 200 });
    expect(await counted(service)).toMatchObject({ ok: false, problem: { status: 503 } });
    await servers.nats.restart();
    await servers.postgres.restart();
    await until(() => isReady(service), { withinMs: 20_000 });
    expect(await counted(service)).toMatchObject({ ok: true });
  });

  it('L1 takes what came while Postgres was away, and answers 503 meanwhile', async () => {
    const service = await start();
    await until(() => isReady(service));
    await servers.postgres.kill();
    expect(await counted(service)).toMatchObject({ ok: false, problem: { status: 503, code: 'unavailable' } });
    await say(service);
    expect(await get(service, '/readyz')).toMatchObject({ status: 503, body: { parts: { nats: { ready: true }, postgres: { ready: false } } } });
    await servers.postgres.restart();
    await until(async () => {
      const reply = await counted(service);
      return reply.ok && reply.value.count === n;
    }, { withinMs: 20_000 });
  });

  it('takes no request before its schema is ready: another replica answers meanwhile', async () => {
    const first = await start();
    await until(() => isReady(first));
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => { open = resolve; });
    class Slow1764000000001 implements MigrationInterface {
      async up(): Promise<void> { await opened; }
      async down(): Promise<void> { throw new Error('forward only'); }
    }
    const second = await start({}, [CreateNote1764000000000, Slow1764000000001]);
    await second.app.get(Bus).whenReady(10_000);
    await second.app.get(Bus).connection.current?.nats.flush();
    const replies = await Promise.all(Array.from({ length: 40 }, () => counted(first)));
    open();
    expect(replies.filter((reply) => !reply.ok)).toEqual([]);
    await until(() => isReady(second));
    await first.close();
    expect(await counted(second)).toMatchObject({ ok: true });
  });

  it('closes twice as well as once, and frees its port', async () => {
    const service = await start();
    await until(() => isReady(service));
    await Promise.all([service.close(), service.close()]);
    await expect(fetch(`${service.url}/healthz`)).rejects.toThrow();
  });
});
