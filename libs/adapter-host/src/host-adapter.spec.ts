import { join } from 'node:path';
import { readFile, stat } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Bus, cloudEvent, rpcClient } from '@vmdns/bus';
import type { RunningService } from '@vmdns/chassis';
import { adapterRpc, AnnouncementEvent, type CommandEvent, ResultEvent, streams, subjects, type NameResult, type ZoneFeedBody, type ZoneFeedEvent } from '@vmdns/contracts';
import { ProviderError } from '@vmdns/provider-kit';
import { answerEmptyFeed, freshDatabase, newFolder, startNats, until, type NatsServer, type TestDatabase } from '@vmdns/test/support';
import { startAdapter } from './host-adapter.js';
import { command, connectionFact, ScriptedProvider, wish, zoneFact } from './spec/support.js';

const A = 'a.example.com.';

describe('an adapter as a process', () => {
  let nats: NatsServer;
  let database: TestDatabase;
  let bus: Bus;
  let service: RunningService;
  let keyFile: string;
  let world: ScriptedProvider;
  let results: { readonly again: boolean; readonly name: NameResult }[];
  let announced: unknown[];
  let planner: (() => Promise<void>) | undefined;

  const start = async () => startAdapter(world.definition, {
    NATS_URL: nats.url, DATABASE_URL: await database.urlFor('adapter_scripted'), KEY_FILE: keyFile, LOG_LEVEL: 'silent', HTTP_PORT: '0',
  }, { handleSignals: false });
  const tell = (...facts: readonly ZoneFeedBody[]) => bus.publish(subjects.zone.of('scripted'), cloudEvent('vmdns.zone.changed.v1', 'planner', { changes: facts.map((body, at) => ({ sequence: at + 1, key: 'k', body })) }) as ZoneFeedEvent);
  const ask = (generation: number, address: string) => bus.publish(subjects.command.of('scripted', 'z1'), cloudEvent('vmdns.dns.command.v1', 'planner', command([wish(A, generation, [address])])) as CommandEvent, { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' });

  beforeEach(async () => {
    world = new ScriptedProvider();
    results = [];
    announced = [];
    nats = await startNats();
    database = await freshDatabase();
    keyFile = join(newFolder('keys'), 'keys.json');
    bus = await Bus.connect({ url: nats.url, name: 'spec' });
    await bus.ensureStreams(Object.values(streams));
    bus.subscribe('vmdns.result.>', (body) => {
      const { data } = ResultEvent.parse(body);
      results.push(...data.names.map((name) => ({ again: data.again === true, name })));
    });
    bus.subscribe(subjects.announce.all, (body) => announced.push(AnnouncementEvent.parse(body).data));
    await bus.whenReady(10_000);
    planner = await answerEmptyFeed(nats.url, 'planner');
    service = await start();
  });
  afterEach(async () => {
    await service.close();
    await planner?.();
    await bus.close();
    await nats.stop();
    await database.drop();
  });

  it('announces itself, takes zones and commands from the bus, and says results', async () => {
    await until(() => announced.length > 0);
    expect(announced[0]).toMatchObject({ provider: 'scripted', publicKey: { kty: 'EC', crv: 'P-256' }, connectionSchema: { properties: { key: { writeOnly: true } } }, capabilities: { grain: 'rrset' } });
    expect(JSON.stringify(announced)).not.toContain('"d":');
    await ask(1, '192.0.2.1');
    await tell(connectionFact(), zoneFact());
    await until(() => results.some(({ name }) => name.state === 'applied'), { withinMs: 20_000 });
    expect(world.values('example.com.', A)).toEqual(['192.0.2.1']);
  });

  it('keeps its key, readable by nobody else, and its era through a restart', async () => {
    await until(() => announced.length > 0);
    const [before] = announced as { era: string; publicKey: { kid: string } }[];
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    const text = await readFile(keyFile, 'utf8');
    await service.close();
    announced.length = 0;
    service = await start();
    await until(() => announced.length > 0);
    expect(announced[0]).toMatchObject({ era: before?.era, publicKey: { kid: before?.publicKey.kid } });
    expect(await readFile(keyFile, 'utf8')).toBe(text);
  });

  it('L1 says its outcomes again when the bus was wiped', async () => {
    await tell(connectionFact(), zoneFact());
    await ask(1, '192.0.2.1');
    await until(() => results.some(({ name }) => name.state === 'applied'), { withinMs: 20_000 });
    await until(async () => (await database.query('select 1 from adapter_scripted.host where result_stream is not null')).length === 1);
    const { port } = new URL(nats.url);
    await nats.stop();
    nats = await startNats({ port: Number(port) });
    await until(() => results.some(({ again, name }) => again && name.generation === 1 && name.state === 'applied'), { withinMs: 25_000, what: 'the outcome said again' });
    await ask(2, '192.0.2.2');
    await until(() => results.some(({ name }) => name.generation === 2 && name.state === 'applied'), { withinMs: 20_000 });
  });

  it('tests a zone, saved or not', async () => {
    const rpc = rpcClient(bus, 'adapter-scripted', adapterRpc);
    await tell(connectionFact(), zoneFact());
    await until(async () => (await database.query('select 1 from adapter_scripted.lane')).length === 1, { withinMs: 20_000 });
    expect(await rpc['zone-test']({ zoneId: 'z1' })).toMatchObject({ ok: true, value: { ok: true, steps: [{ step: 'zone', text: 'example.com. is there' }, { step: 'name servers', warning: true }, { step: 'delegation', text: expect.stringContaining('skipped') }] } });
    const told: unknown[] = [];
    const watch = '_INBOX.gateway.progress.0123456789abcdef';
    bus.subscribe(watch, (step) => told.push(step));
    const there = new Set<string | undefined>();
    world.beforeCall = () => { for (const key of world.zone('example.com.').keys()) there.add(key.split(' ')[1]); return Promise.resolve(); };
    const probed = await rpc['zone-test']({ zoneId: 'z1', probe: true, watch }, { timeoutMs: 30_000 });
    expect(probed).toMatchObject({ ok: true, value: { ok: true, steps: [{}, {}, {}, { step: 'probe', ok: true }, { step: 'probe removed', ok: true }] } });
    await until(() => told.length === 5, { what: 'each step to be told' });
    // Of a type that every provider lets go again: HestiaCP keeps the last A record of a zone.
    expect([world.writes.length, [...there], [...world.zone('example.com.').keys()]]).toEqual([2, ['AAAA'], []]);
    expect(await database.query(`select 1 from adapter_scripted.name`)).toEqual([]);
    expect(await rpc['zone-test']({ apex: 'new.example.', connection: { settings: { server: 's3' }, sealed: {} } })).toMatchObject({ ok: true, value: { ok: true } });
    expect(await rpc['zone-test']({ apex: 'new.example.', connection: { settings: {}, sealed: {} } })).toMatchObject({ ok: true, value: { ok: false, steps: [{ step: 'connection', ok: false }] } });
    expect(await rpc['zone-test']({ zoneId: 'nobody' })).toMatchObject({ ok: false, problem: { status: 404 } });
  });

  it('counts what it does', async () => {
    await tell(connectionFact(), zoneFact());
    await ask(1, '192.0.2.1');
    await until(() => results.length > 0, { withinMs: 20_000 });
    const text = await (await fetch(`${service.url}/metrics`)).text();
    expect(text).toContain('vmdns_adapter_outcomes_total{state="applied"} 1');
    expect(text).toMatch(/^vmdns_feed_lag_seconds \d/m);
  });

  it('L11 tells how its connections are: what they may still call, and what last kept them from it', async () => {
    const rpc = rpcClient(bus, 'adapter-scripted', adapterRpc);
    world.rate = { callsPerSecond: 1000, burst: 50 };
    await tell(connectionFact(), zoneFact());
    await ask(1, '192.0.2.1');
    await until(() => results.some(({ name }) => name.state === 'applied'), { withinMs: 20_000 });
    const well = await until(async () => { const reply = await rpc.standing({}); return reply.ok && reply.value.lag.commands === 0 && reply.value.connections[0]?.budget.free === 8 ? reply.value.connections[0] : undefined; }, { withinMs: 20_000 });
    expect(well).toEqual({ connectionId: 'c1', budget: { free: 8, inFlightMax: 8, calls: { left: expect.any(Number), most: 50, perSecond: 1000 } } });
    world.down = () => new ProviderError('credentials', 'the key is refused');
    await ask(2, '192.0.2.2');
    const stopped = await until(async () => { const reply = await rpc.standing({}); return reply.ok && reply.value.connections[0]?.lastError !== undefined ? reply.value.connections[0] : undefined; }, { withinMs: 20_000 });
    expect(stopped).toMatchObject({ budget: { blockedUntil: expect.any(String) }, lastError: { reason: { code: 'credentials' }, at: expect.any(String) } });
  });

  it('writes nothing before it has read the zone feed: a pause may be in it', async () => {
    await service.close();
    await planner?.();
    planner = undefined;
    service = await start();
    await tell(connectionFact(), zoneFact());
    await ask(1, '192.0.2.1');
    await until(async () => (await database.query(`select 1 from adapter_scripted.name where owner_name = $1`, [A])).length === 1, { withinMs: 20_000 });
    expect(await (await fetch(`${service.url}/readyz`)).json()).toMatchObject({ parts: { 'feed planner': { text: 'not read to its end yet' } } });
    expect(world.writes).toEqual([]);
    planner = await answerEmptyFeed(nats.url, 'planner');
    await until(() => results.some(({ name }) => name.state === 'applied'), { withinMs: 20_000 });
  });

  it('says how long the zone that waits longest has been due', async () => {
    const due = async () => Number(/^vmdns_oldest_due_seconds (.+)$/m.exec(await (await fetch(`${service.url}/metrics`)).text())?.[1]);
    await tell(connectionFact(), zoneFact());
    await until(async () => (await database.query('select 1 from adapter_scripted.lane')).length === 1, { withinMs: 20_000 });
    await until(async () => await due() === 0, { withinMs: 20_000 });
    // Held by nobody that lives, so that no turn ends the wait.
    await database.query(`update adapter_scripted.lane set owner = 'nobody', until = now() + interval '1 minute', due_at = now() - interval '1 hour'`);
    expect(await due()).toBeGreaterThanOrEqual(3600);
    await database.query(`update adapter_scripted.lane set paused = true`);
    expect(await due()).toBe(0);
  });
});
