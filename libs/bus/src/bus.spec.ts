import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { streams, subjects, type StreamDefinition } from '@vmdns/contracts';
import { freePort, type OwnNats, startNats, until } from '../testing/servers.js';
import { Bus } from './bus.js';
import { cloudEvent } from './cloud-event.js';

const used: readonly StreamDefinition[] = [streams.EVENT, streams.COMMAND];
const fact = (id: string) => cloudEvent('vmdns.vm.state.v1', 'test', { id }, { id });

describe('the bus', () => {
  let nats: OwnNats;
  const open: Bus[] = [];
  const connect = async (url = nats.url): Promise<Bus> => {
    const bus = await Bus.connect({ url, name: 'test' });
    open.push(bus);
    return bus;
  };

  beforeAll(async () => { nats = await startNats(); });
  afterEach(async () => { await Promise.all(open.splice(0).map((bus) => bus.close())); });
  afterAll(() => nats.dispose());

  it('connects to a server that comes later, and makes the streams then', async () => {
    const port = await freePort();
    const bus = await connect(`nats://127.0.0.1:${port}`);
    await bus.ensureStreams(used);
    expect(bus.connected).toBe(false);
    await expect(bus.publish(subjects.event.vm('vm-1'), fact('a'), { timeoutMs: 50 })).rejects.toMatchObject({ name: 'BusError', kind: 'unavailable', isTransient: true });
    const later = await startNats(port);
    await bus.whenReady(5000);
    expect(await bus.publish(subjects.event.vm('vm-1'), fact('a'))).toMatchObject({ stream: 'EVENT', sequence: 1, duplicate: false });
    await bus.close();
    await later.dispose();
  });

  it('drops a repeat of one message id', async () => {
    const bus = await connect();
    await bus.ensureStreams(used);
    const first = await bus.publish(subjects.event.vm('vm-1'), fact('same'));
    expect(await bus.publish(subjects.event.vm('vm-1'), fact('same'))).toEqual({ ...first, duplicate: true });
  });

  it('sends data that somebody has written as JSON already', async () => {
    const bus = await connect();
    await bus.ensureStreams(used);
    const event = cloudEvent('vmdns.vm.state.v1', 'test', {}, { id: 'written' });
    await bus.publish(subjects.event.vm('vm-written'), event, { dataJson: '{"id":"written","names":["ä"]}' });
    const bodies: unknown[] = [];
    for await (const page of bus.readBack(streams.EVENT.name, 60_000)) bodies.push(...page.filter(({ subject }) => subject === subjects.event.vm('vm-written')).map(({ body }) => body));
    expect(bodies).toEqual([{ ...event, data: { id: 'written', names: ['ä'] } }]);
  });

  it('publishes many at once, and says of each how it went', async () => {
    const bus = await connect();
    await bus.ensureStreams(used);
    const items = Array.from({ length: 1000 }, (_, index) => ({ subject: subjects.event.vm(`vm-${index}`), event: fact(`many-${index}`) }));
    const huge = { subject: subjects.event.vm('huge'), event: cloudEvent('vmdns.vm.state.v1', 'test', 'x'.repeat(2_000_000)) };
    const results = await bus.publishMany([...items, huge]);
    expect(results.slice(0, 1000).every((result) => result.ok)).toBe(true);
    expect(results[1000]).toMatchObject({ ok: false, error: { kind: 'rejected', isTransient: false } });
  });

  it('L1 says what was posted while the server was away, each once', async () => {
    const bus = await connect();
    await bus.ensureStreams(used);
    await bus.whenReady(5000);
    await nats.server.kill();
    await until(() => !bus.connected);
    bus.post(Array.from({ length: 600 }, (_, index) => ({ subject: subjects.command.of('memory', 'zone-1'), event: fact(`posted-${index}`) })));
    await nats.server.restart();
    const state = async () => (await bus.connection.current?.manager.streams.info('COMMAND'))?.state.messages;
    await until(async () => bus.connected && await state() === 600);
  });

  it('L7 stores all that was posted, each once, but what the server never takes', async () => {
    const bus = await connect();
    await bus.ensureStreams(used);
    await bus.whenReady(5000);
    const sizes = Array.from({ length: 300 }, (_, index) => (index % 50 === 7 ? 150_000 : 10));
    const items = sizes.map((size, index) => ({ subject: subjects.command.of('memory', 'zone-2'), event: cloudEvent('vmdns.vm.state.v1', 'test', { index, text: 'x'.repeat(size) }, { id: `train-${index}` }) }));
    const huge = { subject: subjects.command.of('memory', 'zone-2'), event: cloudEvent('vmdns.vm.state.v1', 'test', 'x'.repeat(2_000_000)) };
    bus.post([...items.slice(0, 100), huge, ...items.slice(100)]);
    const manager = () => bus.connection.current?.manager;
    const stored = async () => (await manager()?.streams.info('COMMAND', { subjects_filter: subjects.command.of('memory', 'zone-2') }))?.state;
    await until(async () => (await stored())?.subjects?.[subjects.command.of('memory', 'zone-2')] === 300);
  });

  it('L1 makes wiped streams again and tells of their rebirth, after a restart and without one', async () => {
    const bus = await connect();
    await bus.ensureStreams(used);
    await bus.publish(subjects.event.vm('vm-1'), fact('before'));
    const before = await bus.streamCreated('EVENT');
    const reborn: string[] = [];
    bus.onStreamReborn('EVENT', (created) => reborn.push(created));
    await nats.server.wipe();
    await until(() => reborn.length === 1);
    const after = await bus.streamCreated('EVENT');
    expect(after).not.toBe(before);
    expect(reborn).toEqual([after]);
    await bus.publish(subjects.event.vm('vm-1'), fact('between'));
    await bus.connection.current?.manager.streams.delete('EVENT');
    expect(await bus.publish(subjects.event.vm('vm-1'), fact('again'))).toMatchObject({ sequence: 1 });
    expect(reborn).toHaveLength(2);
  });

  it('L1 notices that another process made the stream anew, by the sequence of an acknowledgement', async () => {
    const [bus, other] = [await connect(), await connect()];
    await Promise.all([bus, other].map(async (one) => {
      await one.ensureStreams(used);
      await one.whenReady(5000);
    }));
    for (const id of ['x', 'y', 'z']) await bus.publish(subjects.event.vm('vm-1'), fact(id));
    const reborn: string[] = [];
    bus.onStreamReborn('EVENT', (created) => reborn.push(created));
    await other.connection.current?.manager.streams.delete('EVENT');
    await other.streams.look();
    await bus.publish(subjects.event.vm('vm-1'), fact('first of the new one'));
    await until(() => reborn.length === 1);
  });

  it('answers 503 at once when NATS is away, nobody listens, or the answer is late', async () => {
    const echo = { ask: z.object({ n: z.number() }), answer: z.object({ n: z.number() }) };
    const bus = await connect();
    expect(await bus.request('nobody', 'echo', echo, { n: 1 })).toMatchObject({ ok: false, problem: { status: 503 } });
    await bus.ensureStreams(used);
    await bus.whenReady(5000);
    expect(await bus.request('nobody', 'echo', echo, { n: 1 })).toMatchObject({ ok: false, problem: { status: 503, code: 'unavailable', detail: 'nobody is not running' } });
    bus.subscribe(subjects.rpc('deaf', 'echo'), () => undefined);
    expect(await bus.request('deaf', 'echo', echo, { n: 1 }, { timeoutMs: 50 })).toMatchObject({ ok: false, problem: { status: 503, detail: 'deaf did not answer in time' } });
  });

  it('gives up soon when NATS itself is silent, and not when an answer is only slow', async () => {
    const echo = { ask: z.object({}), answer: z.object({}) };
    const bus = await connect();
    await bus.ensureStreams(used);
    await bus.whenReady(5000);
    let answer = (): void => undefined;
    bus.connection.subscribe(subjects.rpc('slow', 'echo'), undefined, (message) => { answer = () => { message.respond(JSON.stringify({ ok: true, value: {} })); }; });
    const slow = bus.request('slow', 'echo', echo, {}, { timeoutMs: 20_000, unlessSilent: true });
    // Long enough for several pings beside it.
    const since = performance.now();
    await until(() => performance.now() - since > 1200);
    answer();
    expect(await slow).toEqual({ ok: true, value: {} });
    nats.server.freeze();
    try {
      const asked = await Promise.race([bus.request('slow', 'echo', echo, {}, { timeoutMs: 30_000, unlessSilent: true }), until(() => false, { withinMs: 5000, what: 'an answer' })]);
      expect(asked).toMatchObject({ ok: false, problem: { status: 503, detail: 'slow cannot be asked: the message bus does not answer' } });
    } finally {
      nats.server.thaw();
    }
  });

  it('has its answers sent where only its own user may listen', async () => {
    const echo = { ask: z.object({}), answer: z.object({}) };
    const bus = await connect(nats.url.replace('nats://', 'nats://planner:pass%2Fword@'));
    await bus.ensureStreams(used);
    await bus.whenReady(5000);
    const heard: string[] = [];
    bus.connection.subscribe(subjects.rpc('echo', 'echo'), undefined, (message) => {
      heard.push(message.reply ?? '');
      message.respond(JSON.stringify({ ok: true, value: {} }));
    });
    expect(await bus.request('echo', 'echo', echo, {})).toEqual({ ok: true, value: {} });
    expect(heard[0]).toMatch(/^_INBOX\.planner\./);
  });

  it('keeps its subscriptions over a restart of the server', async () => {
    const bus = await connect();
    const heard: unknown[] = [];
    bus.subscribe('vmdns.logentry', (body) => heard.push(body));
    await until(() => bus.connected);
    await nats.server.kill();
    await until(() => !bus.connected);
    await nats.server.restart();
    await until(() => {
      bus.broadcast('vmdns.logentry', { id: 1 });
      return heard.length > 0;
    });
    expect(heard[0]).toEqual({ id: 1 });
  });
});
