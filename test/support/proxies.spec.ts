import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { faultProxy, isPatch, patches, tcpProxy, until, type FaultProxy } from './index.js';

let target: Server;
let seen: string[];
let proxy: FaultProxy;

beforeEach(async () => {
  seen = [];
  target = createServer((ask, answer) => {
    let body = '';
    ask.on('data', (part) => { body += String(part); });
    ask.on('end', () => { seen.push(`${ask.method ?? ''} ${ask.url ?? ''} ${body}`); answer.writeHead(204, { 'x-serial': '7' }); answer.end(); });
  });
  await new Promise<void>((resolve) => { target.listen(0, '127.0.0.1', () => resolve()); });
  proxy = await faultProxy(`http://127.0.0.1:${(target.address() as AddressInfo).port}`);
});

afterEach(async () => {
  await proxy.close();
  target.closeAllConnections();
  target.close();
});

const body = JSON.stringify({ rrsets: [{ name: 'VM1.example.test.', type: 'A', changetype: 'REPLACE', records: [{ content: '192.0.2.5' }] }] });
const patch = (): Promise<Response> => fetch(`${proxy.url}/api/v1/servers/localhost/zones/0=2F26.2.0.192.in-addr.arpa.`, { method: 'PATCH', body });

describe('the recording fault proxy', () => {
  it('passes a call on and records its zone, its names and its answer', async () => {
    const answer = await patch();
    expect([answer.status, answer.headers.get('x-serial')]).toEqual([204, '7']);
    expect(proxy.calls).toMatchObject([{ method: 'PATCH', zone: '0/26.2.0.192.in-addr.arpa.', names: ['vm1.example.test.'], status: 204, outcome: 'answered', rrsets: [{ type: 'A', changetype: 'REPLACE', values: ['192.0.2.5'] }] }]);
  });

  it('holds a call before the target sees it, until it is released', async () => {
    const barrier = proxy.hold(patches('vm1.example.test.'));
    const asked = patch();
    expect((await barrier.reached()).outcome).toBe('running');
    expect(seen).toEqual([]);
    barrier.release();
    expect((await asked).status).toBe(204);
    expect(seen).toHaveLength(1);
  });

  it('holds an answer after the target has done it, and drops it', async () => {
    const barrier = proxy.hold(isPatch, { at: 'answer' });
    const broken = expect(patch()).rejects.toThrow();
    await barrier.reached();
    expect(seen).toHaveLength(1);
    barrier.drop();
    await broken;
    expect(proxy.calls[0]?.outcome).toBe('dropped-after');
  });

  it('drops, falsifies, duplicates and cuts as often as it is told', async () => {
    proxy.dropBefore(isPatch, { times: 1 });
    await expect(patch()).rejects.toThrow();
    expect(seen).toHaveLength(0);
    const falsehood = proxy.answer(isPatch, { status: 422, body: { error: 'no' } }, { times: 1 });
    expect((await patch()).status).toBe(422);
    expect([seen.length, falsehood.met.length]).toEqual([0, 1]);
    proxy.duplicate(isPatch, { times: 1 });
    expect((await patch()).status).toBe(204);
    expect(seen).toHaveLength(2);
    proxy.cut(isPatch, { times: 1 });
    await expect(patch().then((answer) => answer.text())).rejects.toThrow();
    expect((await patch()).status).toBe(204);
  });

  it('reports writes of one zone that overlap', async () => {
    const barrier = proxy.hold(isPatch, { times: 1 });
    const first = patch();
    await barrier.reached();
    await patch();
    barrier.release();
    await first;
    expect(proxy.overlaps()).toHaveLength(1);
  });
});

describe('the TCP proxy', () => {
  it('stops and resumes each direction, cuts, and refuses', async () => {
    const { port } = target.address() as AddressInfo;
    const wire = await tcpProxy(`http://127.0.0.1:${port}`);
    const url = wire.instead(`http://user@127.0.0.1:${port}/x`).replace('user@', '');
    expect((await fetch(url)).status).toBe(204);
    wire.pause('down');
    const asked = fetch(url).catch((error: unknown) => error);
    await until(() => seen.length === 2);
    wire.resume();
    expect(await asked).toMatchObject({ status: 204 });
    wire.pause('up');
    const swallowed = expect(fetch(url)).rejects.toThrow();
    await until(() => wire.connections > 0);
    wire.refuse();
    await swallowed;
    wire.accept();
    wire.resume();
    expect((await fetch(url)).status).toBe(204);
    await wire.close();
  });
});
