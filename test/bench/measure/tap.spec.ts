import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Tap } from './tap.js';

const open: { close(): unknown }[] = [];
afterEach(() => { for (const one of open.splice(0)) one.close(); });

/** Answers with the status that the path names, and ends each connection, as PowerDNS does. */
async function server(): Promise<Server> {
  const made = createServer((ask, answer) => { answer.writeHead(Number((ask.url ?? '').slice(1)), { connection: 'close' }).end('x'.repeat(1_000)); });
  await new Promise<void>((resolve) => { made.listen(0, '127.0.0.1', resolve); });
  open.push(made);
  return made;
}

const get = (url: string): Promise<number> => new Promise((resolve, reject) => {
  request(url, { agent: false }, (answer) => { answer.resume(); answer.once('end', () => resolve(answer.statusCode ?? 0)); }).once('error', reject).end();
});

describe('the tap before a provider', () => {
  it('counts calls, what was read, and how they were answered; 500 and 429 are never forgotten', async () => {
    const made = await server();
    const tap = await Tap.before(`http://127.0.0.1:${(made.address() as AddressInfo).port}`);
    open.push(tap);
    for (const status of [200, 200, 500, 422]) expect(await get(`${tap.url}/${status}`)).toBe(status);
    expect(tap.flow).toMatchObject({ calls: 4, methods: { GET: 4 }, statuses: { 200: 2, 500: 1, 422: 1 } });
    expect(tap.flow.bytesRead).toBeGreaterThan(4_000);
    expect(tap.troubles).toBe(1);
    tap.forget();
    expect(await get(`${tap.url}/429`)).toBe(429);
    expect(tap.flow).toMatchObject({ calls: 1, statuses: { 429: 1 } });
    expect(tap.troubles).toBe(2);
  });
});
