import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { ProviderError } from '../port/provider-error.js';
import { HttpClient, type HttpAsk } from './http-client.js';
import { providerTextOf, redactorOf } from './redact.js';

const KEY = 'secret-key-1234';
const never = new AbortController().signal;
const WRITE: HttpAsk = { method: 'PATCH', path: '/zone', attempt: 'writing the zone', body: '{"x":1}' };
const READ: HttpAsk = { method: 'GET', path: '/zone', attempt: 'reading the zone' };

async function errorOf(call: Promise<unknown>): Promise<ProviderError> {
  const error: unknown = await call.then(() => undefined, (thrown: unknown) => thrown);
  if (!(error instanceof ProviderError)) throw new Error(`expected a ProviderError, got ${String(error)}`);
  return error;
}

describe('an HTTP call that gets no answer', () => {
  let server: Server | undefined;
  const sockets = new Set<Socket>();
  const serve = async (listener: RequestListener): Promise<string> => {
    server = createServer(listener);
    server.on('connection', (socket) => sockets.add(socket));
    await new Promise<void>((resolve) => { server?.listen(0, '127.0.0.1', resolve); });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const client = (baseUrl: string, o: { deadlineMs?: number; answerMaxBytes?: number } = {}): HttpClient =>
    new HttpClient({ baseUrl, headers: { 'x-api-key': KEY }, secrets: [KEY], deadlineMs: 2_000, keepAlive: false, ...o });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await new Promise<void>((resolve) => { if (server?.listening === true) server.close(() => resolve()); else resolve(); });
  });

  it('sends method, path, headers and body, and gives any status', async () => {
    const url = await serve((ask, reply) => { ask.resume(); reply.writeHead(422, { 'x-seen': `${ask.method} ${ask.url} ${ask.headers['x-api-key']}` }).end('words'); });
    expect(await client(`${url}/base`).send(WRITE, never)).toMatchObject({ status: 422, text: 'words', headers: { 'x-seen': `PATCH /base/zone ${KEY}` } });
  });

  it('refused: nothing was sent, so nothing is in doubt', async () => {
    const url = await serve(() => undefined);
    await new Promise<void>((resolve) => { server?.close(() => resolve()); });
    const error = await errorOf(client(url).send(WRITE, never));
    expect([error.kind, error.detail.inDoubt]).toEqual(['retry', false]);
    expect(error.message).toMatch(/^writing the zone at http:\/\/127\.0\.0\.1:\d+: the connection was refused/);
  });

  it.each([['a write', WRITE, true], ['a read', READ, false]] as const)('L4: cut after it was sent: %s is in doubt: %s', async (_name, ask, inDoubt) => {
    const url = await serve((incoming) => { incoming.resume(); incoming.on('end', () => incoming.socket.destroy()); });
    expect(await errorOf(client(url).send(ask, never))).toMatchObject({ kind: 'retry', detail: { inDoubt } });
  });

  it('L4: no answer in time: in doubt once it had begun to leave', async () => {
    const url = await serve((ask) => { ask.resume(); });
    expect(await errorOf(client(url, { deadlineMs: 60 }).send(WRITE, never))).toMatchObject({ kind: 'retry', detail: { inDoubt: true }, message: expect.stringContaining('no answer in time') });
  });

  it('an answer that never ends is cut by the deadline', async () => {
    const url = await serve((ask, reply) => { ask.resume(); reply.writeHead(200); reply.write('a'); });
    expect((await errorOf(client(url, { deadlineMs: 60 }).send(READ, never))).message).toContain('no answer in time');
  });

  it('cancelled before: not sent; cancelled meanwhile: in doubt', async () => {
    let arrived = (): void => undefined;
    const arrival = new Promise<void>((resolve) => { arrived = resolve; });
    const url = await serve((ask) => { ask.resume(); arrived(); });
    const cancel = new AbortController();
    const pending = errorOf(client(url).send(WRITE, cancel.signal));
    await arrival;
    cancel.abort();
    expect((await pending).detail.inDoubt).toBe(true);
    expect((await errorOf(client(url).send(WRITE, cancel.signal))).detail.inDoubt).toBeUndefined();
  });

  it('L5: given up, its connection is reset, so that nothing of it waits for a server that was stopped', async () => {
    let tell: (how: string | undefined) => void = () => undefined;
    const ended = new Promise<string | undefined>((resolve) => { tell = resolve; });
    const raw = createTcpServer((socket) => {
      socket.on('error', (error: NodeJS.ErrnoException) => tell(error.code));
      socket.on('end', () => tell('closed'));
      socket.resume();
    });
    await new Promise<void>((resolve) => { raw.listen(0, '127.0.0.1', resolve); });
    await errorOf(client(`http://127.0.0.1:${(raw.address() as AddressInfo).port}`, { deadlineMs: 60 }).send(WRITE, never));
    expect(await ended).toBe('ECONNRESET');
    raw.close();
  });

  it('an answer larger than the limit is a failure, not a cut', async () => {
    const url = await serve((ask, reply) => { ask.resume(); reply.end('x'.repeat(5_000)); });
    expect((await errorOf(client(url, { answerMaxBytes: 1_000 }).send(READ, never))).message).toContain('larger than 1000 bytes');
  });

  it('bytes that are no HTTP become a ProviderError', async () => {
    const raw = createTcpServer((socket) => { socket.on('error', () => undefined); socket.end('SSH-2.0-OpenSSH_9.2\r\n'); });
    await new Promise<void>((resolve) => { raw.listen(0, '127.0.0.1', resolve); });
    expect(await errorOf(client(`http://127.0.0.1:${(raw.address() as AddressInfo).port}`).send(READ, never))).toMatchObject({ kind: 'retry' });
    raw.close();
  });

  it('L10: no error shows the key, whatever shape it has', async () => {
    const url = await serve((incoming) => { incoming.resume(); incoming.on('end', () => incoming.socket.destroy()); });
    const error = await errorOf(client(url).send({ ...WRITE, attempt: `writing with ${KEY}` }, never));
    expect(`${error.message} ${error.stack} ${String(error.cause)} ${JSON.stringify(error)}`).not.toContain(KEY);
  });
});

describe('secrets in texts', () => {
  const redact = redactorOf(['p/ss wörd', 'abc']);
  it.each([
    ['key p/ss wörd!', 'key ***!'], ['?k=p%2Fss%20w%C3%B6rd', '?k=***'], [`Basic ${Buffer.from('p/ss wörd').toString('base64')}`, 'Basic ***'],
    ['abc is too short to be a secret', 'abc is too short to be a secret'],
  ])('%s → %s', (text, masked) => expect(redact(text)).toBe(masked));

  it('a provider\'s words become one line of at most 500 characters', () => {
    expect(providerTextOf(' a\n\tb\u0000c ', redact)).toBe('a b c');
    expect(providerTextOf('x'.repeat(900), redact)).toHaveLength(500);
  });
});

