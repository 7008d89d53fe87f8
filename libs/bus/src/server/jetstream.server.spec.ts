import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { INestMicroservice } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from '@jest/globals';
import { cloudEventOf, DeadLetterEvent, streams, subjects } from '@vmdns/contracts';
import { z } from 'zod';
import { type OwnNats, startNats, until } from '../../testing/servers.js';
import { Bus } from '../bus.js';
import { cloudEvent } from '../cloud-event.js';
import { BadMessage, RpcProblem, TransientError } from '../errors.js';
import { OnBatch, OnRawBatch, OnRequest, OnRequests, ownService } from '../handlers.js';
import type { InMessage, RawMessage } from '../message.js';
import { done, drop, type Outcome, retryAfter } from '../outcome.js';
import { rpcClient } from '../rpc-client.js';
import { currentTraceparent, traceIdOf } from '../traceparent.js';
import { JetStreamServer, type JetStreamServerOptions } from './jetstream.server.js';

const Note = z.object({ n: z.number(), does: z.string().optional() });
type Note = z.infer<typeof Note>;
const NoteEvent = cloudEventOf('test.note.v1', Note);
const echoRpc = {
  one: { ask: z.object({ n: z.number(), does: z.string().optional() }), answer: z.object({ n: z.number(), traceId: z.string().optional() }) },
  many: { ask: z.object({ n: z.number(), does: z.string().optional() }), answer: z.object({ n: z.number(), together: z.number() }) },
};

/** What the controllers saw; what they shall do. */
class Story {
  batches: number[][] = [];
  taken: number[] = [];
  raw: string[] = [];
  isStoreAway = false;
  gate: Promise<void> = Promise.resolve();
  redelivered = 0;
}

@Controller()
class NotesController {
  constructor(private readonly story: Story) {}

  @OnBatch({ stream: 'EVENT', subject: subjects.event.all, event: NoteEvent, max: 50 })
  async notes(messages: readonly InMessage<Note>[]): Promise<Outcome[]> {
    this.story.batches.push(messages.map((message) => message.data.n));
    await this.story.gate;
    if (this.story.isStoreAway) throw new TransientError('Postgres is away');
    for (const { data } of messages) {
      if (data.does === 'bad') throw new BadMessage(`note ${data.n} cannot be`);
      if (data.does === 'bug') throw new TypeError('x is undefined');
    }
    this.story.redelivered += messages.filter((message) => message.deliveries > 1).length;
    return messages.map(({ data, deliveries }) => {
      if (data.does === 'later' && deliveries === 1) return retryAfter(20, 'not yet');
      if (data.does === 'drop') return drop('not wanted');
      this.story.taken.push(data.n);
      return done();
    });
  }

  @OnRawBatch({ stream: 'INGEST', subject: subjects.ingest.all, durable: (service) => `${service}-raw` })
  async raw(messages: readonly RawMessage[]): Promise<void> {
    this.story.raw.push(...messages.map((message) => message.text));
  }

  @OnRequests(ownService, 'many', echoRpc.many)
  async many(asks: readonly z.infer<typeof echoRpc.many.ask>[]) {
    await this.story.gate;
    if (this.story.isStoreAway) throw new TransientError('Postgres is away');
    if (asks.some((ask) => ask.does === 'bug')) throw new TypeError('x is undefined');
    return asks.map((ask) => ({ ok: true as const, value: { n: ask.n, together: asks.length } }));
  }

  @OnRequest('echo', 'one', echoRpc.one)
  async one(ask: z.infer<typeof echoRpc.one.ask>) {
    if (ask.does === 'refuse') throw new RpcProblem({ status: 404, code: 'not-found', title: 'no such note' });
    if (ask.does === 'bug') throw new TypeError('x is undefined');
    if (ask.does === 'talk') return { n: 1, traceId: 'bla'.repeat(500_000) };
    if (this.story.isStoreAway) throw new TransientError('Postgres is away');
    return { n: ask.n, ...(traceIdOf(currentTraceparent()) === undefined ? {} : { traceId: traceIdOf(currentTraceparent()) }) };
  }
}

@Module({ controllers: [NotesController], providers: [Story] })
class NotesModule {}

describe('the JetStream transport', () => {
  let nats: OwnNats;
  let bus: Bus;
  let app: INestMicroservice;
  let story: Story;
  let counter = 0;

  const startApp = async (more: Partial<JetStreamServerOptions> = {}): Promise<INestMicroservice> => {
    const service = await NestFactory.createMicroservice(NotesModule, { strategy: new JetStreamServer({ bus, service: 'echo', ...more }), logger: false });
    await service.listen();
    return service;
  };
  const say = (notes: readonly Note[]) => bus.publishMany(notes.map((note) => ({ subject: subjects.event.vm(`vm-${note.n}`), event: cloudEvent('test.note.v1', 'test', note) })));
  const numbers = (count: number): Note[] => Array.from({ length: count }, () => ({ n: counter += 1 }));
  const consumer = async () => bus.connection.current?.manager.consumers.info('EVENT', 'echo');
  const settled = () => until(async () => {
    const info = await consumer();
    return info?.num_ack_pending === 0 && info.num_pending === 0;
  });
  const deadLetters = async (): Promise<DeadLetterEvent['data'][]> => {
    const found: DeadLetterEvent['data'][] = [];
    const manager = bus.connection.current?.manager;
    const info = await manager?.streams.info('DEADLETTER');
    for (let seq = info?.state.first_seq ?? 1; seq <= (info?.state.last_seq ?? 0); seq += 1) {
      const stored = await manager?.streams.getMessage('DEADLETTER', { seq });
      found.push(DeadLetterEvent.parse(stored?.json()).data);
    }
    return found;
  };

  beforeAll(async () => { nats = await startNats(); });
  beforeEach(async () => {
    bus = await Bus.connect({ url: nats.url, name: 'test' });
    await bus.ensureStreams(Object.values(streams));
    await bus.whenReady(5000);
    const manager = bus.connection.current?.manager;
    for (const stream of ['EVENT', 'INGEST', 'DEADLETTER']) await manager?.streams.purge(stream);
    // No test gets what another left behind: neither messages nor a consumer that counts them.
    for (const [stream, durable] of [['EVENT', 'echo'], ['INGEST', 'echo-raw']] as const) await manager?.consumers.delete(stream, durable).catch(() => false);
    app = await startApp();
    story = app.get(Story);
  });
  afterEach(async () => {
    await app.close();
    await bus.close();
  });
  afterAll(() => nats.dispose());

  it('hands out what came while the last call ran', async () => {
    let open = (): void => undefined;
    story.gate = new Promise((resolve) => { open = resolve; });
    const [first, ...rest] = numbers(31);
    await say(first === undefined ? [] : [first]);
    await until(() => story.batches.length === 1);
    await say(rest);
    open();
    await until(() => story.taken.length === 31);
    await settled();
    expect(story.batches[0]).toHaveLength(1);
    expect(story.batches.length).toBeLessThan(6);
    expect(story.redelivered).toBe(0);
  });

  it('takes many messages, each once, in batches of at most max', async () => {
    const notes = numbers(2000);
    await say(notes);
    await until(() => story.taken.length >= 2000, { withinMs: 20_000 });
    await settled();
    expect(story.taken.toSorted((a, b) => a - b)).toEqual(notes.map((note) => note.n));
    expect(Math.max(...story.batches.map((batch) => batch.length))).toBeLessThanOrEqual(50);
  });

  it('L7 lets one bad message stop nobody: it goes to the dead letter with its reason', async () => {
    const notes = numbers(40);
    const bad = { n: 17_000, does: 'bad' };
    await say([...notes.slice(0, 20), bad, ...notes.slice(20)]);
    await until(() => story.taken.length === 40);
    await settled();
    expect(await deadLetters()).toMatchObject([{ service: 'echo', subject: 'vmdns.event.vm.vm-17000', reason: 'note 17000 cannot be' }]);
  });

  it('L7 dead-letters what does not parse, with every fault by its path, before the handler sees it', async () => {
    await bus.publish(subjects.event.vm('odd'), cloudEvent('test.note.v1', 'test', { n: 'seven' }));
    await bus.publish(subjects.event.vm('alien'), cloudEvent('test.other.v1', 'test', {}));
    await until(async () => (await deadLetters()).length === 2);
    await settled();
    const reasons = (await deadLetters()).map((letter) => letter.reason);
    expect(reasons[0]).toMatch(/^data\.n: .*expected number/);
    expect(reasons[1]).toMatch(/type: .*; data\.n: /);
    expect(story.batches).toEqual([]);
  });

  it('gives a lone message that fails for no known reason some more deliveries before its dead letter', async () => {
    await say([{ n: 1, does: 'bug' }]);
    await until(async () => (await deadLetters()).length === 1, { withinMs: 15_000 });
    expect(await deadLetters()).toMatchObject([{ reason: 'x is undefined' }]);
    expect(story.batches).toEqual([[1], [1], [1], [1]]);
  });

  it('puts everything back while the world is not ready, and never dead-letters it', async () => {
    story.isStoreAway = true;
    const notes = numbers(30);
    await say(notes);
    await until(() => story.batches.length >= 6);
    story.isStoreAway = false;
    await until(() => new Set(story.taken).size === 30, { withinMs: 15_000 });
    await settled();
    expect(await deadLetters()).toEqual([]);
  });

  it('says that it works while a call runs long, for everything it was given', async () => {
    await app.close();
    app = await startApp({ ackWaitMs: 600 });
    story = app.get(Story);
    let open = (): void => undefined;
    story.gate = new Promise((resolve) => { open = resolve; });
    const said = new Map<string, number>();
    const stopHearing = bus.connection.subscribe('$JS.ACK.>', undefined, (message) => {
      const sequence = message.subject.split('.echo.')[1]?.split('.')[1] ?? '';
      if (message.string() === '+WPI') said.set(sequence, (said.get(sequence) ?? 0) + 1);
    });
    const notes = numbers(300);
    await say(notes.slice(0, 1));
    await until(() => story.batches.length === 1);
    // More than this process can keep: what it was given waits for the call that runs.
    await say(notes.slice(1));
    await until(async () => {
      const given = (await consumer())?.num_ack_pending ?? 0;
      return given > 50 && said.size === given && Math.min(...said.values()) >= 2;
    });
    stopHearing();
    open();
    await until(() => new Set(story.taken).size === 300);
    await settled();
  });

  it('shares one consumer between replicas', async () => {
    const second = await startApp();
    const other = second.get(Story);
    await until(async () => ((await consumer())?.num_waiting ?? 0) >= 2);
    for (let round = 0; round < 10; round += 1) await say(numbers(50));
    await until(() => story.taken.length + other.taken.length >= 500);
    expect(new Set([...story.taken, ...other.taken]).size).toBe(500);
    expect(Math.min(story.taken.length, other.taken.length)).toBeGreaterThan(0);
    await second.close();
  });

  it('obeys outcomes: again later, or never', async () => {
    await say([{ n: 1, does: 'later' }, { n: 2, does: 'drop' }, { n: 3 }]);
    await until(async () => story.taken.length === 2 && (await deadLetters()).length === 1);
    await settled();
    expect(story.taken).toEqual([3, 1]);
    expect(await deadLetters()).toMatchObject([{ reason: 'not wanted' }]);
  });

  it('hands raw messages over as they came', async () => {
    bus.connection.current?.nats.publish(subjects.ingest.tenant('acme'), 'no json at all');
    await until(() => story.raw.length > 0);
    expect(story.raw).toEqual(['no json at all']);
  });

  it('L1 goes on after a restart of the server, a deleted consumer, a deleted stream and a wiped server', async () => {
    await say([{ n: 1 }]);
    await until(() => story.taken.includes(1));
    await nats.server.kill();
    await until(() => !bus.connected);
    await nats.server.restart();
    await say([{ n: 2 }]);
    await until(() => story.taken.includes(2));
    await bus.connection.current?.manager.consumers.delete('EVENT', 'echo');
    await say([{ n: 3 }]);
    await until(() => story.taken.includes(3));
    await bus.connection.current?.manager.streams.delete('EVENT');
    await say([{ n: 4 }]);
    await until(() => story.taken.includes(4));
    await nats.server.wipe();
    await say([{ n: 5 }]);
    await until(() => story.taken.includes(5));
    await settled();
  });

  it('gives back at close what waits, so that the next process has it at once', async () => {
    let open = (): void => undefined;
    story.gate = new Promise((resolve) => { open = resolve; });
    const notes = numbers(300);
    await say(notes);
    await until(() => story.batches.length === 1);
    const closed = app.close();
    open();
    await closed;
    const first = [...story.taken];
    expect(first.length).toBeLessThan(300);
    app = await startApp();
    story = app.get(Story);
    await until(() => new Set([...first, ...story.taken]).size === 300, { withinMs: 8000 });
  });

  describe('requests', () => {
    const ask = () => rpcClient(bus, 'echo', echoRpc);
    const answered = () => until(async () => (await ask().one({ n: 0 })).ok);

    it('answers one by one, with the trace of the asker', async () => {
      await answered();
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      expect(await bus.request('echo', 'one', echoRpc.one, { n: 7 }, { traceparent })).toEqual({ ok: true, value: { n: 7, traceId: '0af7651916cd43dd8448eb211c80319c' } });
    });

    it('answers refusals, faults, bugs and a store that is away each as what they are', async () => {
      await answered();
      expect(await ask().one({ n: 1, does: 'refuse' })).toMatchObject({ ok: false, problem: { status: 404, code: 'not-found' } });
      expect(await ask().one({ n: 1, does: 'bug' })).toMatchObject({ ok: false, problem: { status: 500, code: 'internal' } });
      expect(await ask().one({ n: 1, does: 'talk' })).toMatchObject({ ok: false, problem: { status: 500, code: 'too-large' } });
      const wrong: unknown = { n: 'x', does: 1 };
      expect(await ask().one(wrong as { n: number })).toMatchObject({ ok: false, problem: { status: 400, code: 'bad-input', faults: [{ path: 'n' }, { path: 'does' }] } });
      story.isStoreAway = true;
      expect(await ask().one({ n: 1 })).toMatchObject({ ok: false, problem: { status: 503, code: 'unavailable' } });
    });

    it('tells who would wait long soon when what an answer needs is silent, also those that wait in line, and nobody when it is only slow', async () => {
      await app.close();
      const state = { isSilent: false };
      let looks = 0;
      app = await startApp({ needs: () => { looks += 1; return Promise.resolve(!state.isSilent); } });
      story = app.get(Story);
      await answered();
      let open = (): void => undefined;
      story.gate = new Promise((resolve) => { open = resolve; });
      const slow = bus.request('echo', 'many', echoRpc.many, { n: 1 }, { timeoutMs: 20_000 });
      await until(() => looks >= 2);
      const late = bus.request('echo', 'many', echoRpc.many, { n: 2 }, { timeoutMs: 20_000 });
      state.isSilent = true;
      const unavailable = { ok: false, problem: { status: 503, detail: 'echo cannot answer now' } };
      expect(await Promise.all([slow, late])).toMatchObject([unavailable, unavailable]);
      state.isSilent = false;
      open();
      expect(await bus.request('echo', 'many', echoRpc.many, { n: 3 }, { timeoutMs: 20_000 })).toMatchObject({ ok: true, value: { n: 3, together: 1 } });
    });

    it('answers many together, and one bug stops nobody', async () => {
      await answered();
      let open = (): void => undefined;
      story.gate = new Promise((resolve) => { open = resolve; });
      const replies = Promise.all(Array.from({ length: 40 }, (_, n) => ask().many(n === 23 ? { n, does: 'bug' } : { n })));
      await until(() => bus.connected);
      open();
      const settledReplies = await replies;
      expect(settledReplies.filter((reply) => reply.ok).map((reply) => reply.ok && reply.value.n)).toEqual(Array.from({ length: 40 }, (_, n) => n).filter((n) => n !== 23));
      expect(settledReplies[23]).toMatchObject({ ok: false, problem: { status: 500 } });
      expect(Math.max(...settledReplies.map((reply) => (reply.ok ? reply.value.together : 0)))).toBeGreaterThan(1);
    });
  });
});
