import { execFile } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { findSecrets, patches, ROOT, startStack, until, type Stack } from '../support/index.js';
import { BusPublisher } from './bus-publisher.js';

// L10: canary secrets go in by every door and through every trouble, and are looked for wherever anything comes out.
const CANARY = {
  wrongKey: 'canary-wrong-key-Zq7/+8x9',
  unknownField: 'canary-unknown-field-1f9c',
  badShape: 'canary-bad-shape-77ab',
  trial: 'canary-trial-key-55d0',
  refused: 'canary-refused-json-02bb',
} as const;

// Longer than any wait in here, so that a failure says what was waited for.
jest.setTimeout(200_000);

let stack: Stack;
let bus: BusPublisher;
let onTheBus: readonly string[];
/** What the API ever answered to us, but for the one answer that shows a new token. */
const answered: string[] = [];
let token: string;
let apiKey: string;

async function ask(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<{ readonly status: number; readonly body: unknown }> {
  const answer = await stack.gateway.ask(method, path, { headers, ...(body === undefined ? {} : { body }) });
  const fields: string[] = [];
  answer.headers.forEach((value, name) => { fields.push(`${name}: ${value}`); });
  answered.push(`${method} ${path}\n${fields.join('\n')}\n${typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)}`);
  return answer;
}

beforeAll(async () => {
  stack = await startStack();
  apiKey = stack.powerdns.apiKey;
  bus = await BusPublisher.at(stack);
  onTheBus = await bus.follow('>');
  await stack.gateway.announced('powerdns');
}, 120_000);
afterAll(async () => {
  await bus?.close();
  await stack?.stop();
});

const idOf = (answer: { readonly body: unknown }): string => (answer.body as { readonly id: string }).id;
const seen = (vmId: string, code: string): Promise<boolean> =>
  until(async () => (await stack.gateway.dns(vmId)).records.some((record) => record.reason?.code === code), { withinMs: 40_000, what: `${vmId} to be ${code}` });

describe('a secret goes in and never comes out', () => {
  it('L10 the doors: right, wrong, misspelt, in a wrong shape, as a trial, rotated', async () => {
    const settings = { url: stack.proxy.url, dnsServer: `${stack.powerdns.dns.host}:${stack.powerdns.dns.port}` };
    expect((await ask('POST', '/v1/connections', { name: 'misspelt', provider: 'powerdns', settings: { ...settings, apikey: CANARY.unknownField } })).status).toBe(400);
    expect((await ask('POST', '/v1/connections', { name: 'shape', provider: 'powerdns', settings: { ...settings, apiKey: { secret: CANARY.badShape } } })).status).toBe(400);
    expect((await ask('POST', '/v1/connections', `{"name": "json", "settings": {"apiKey": "${CANARY.refused}"`, { 'content-type': 'application/json' })).status).toBe(400);
    await ask('GET', '/v1/zones', undefined, { authorization: `Bearer ${CANARY.refused}` });
    await ask('POST', '/v1/zones/test', { name: 'trial.test.', connection: { provider: 'powerdns', settings: { ...settings, apiKey: CANARY.trial } } });

    const made = await ask('POST', '/v1/connections', { name: 'canary', provider: 'powerdns', settings: { ...settings, apiKey: CANARY.wrongKey } });
    expect([made.status, made.body]).toMatchObject([201, { secrets: ['apiKey'] }]);
    await stack.powerdns.createZone('secret.test.', { apiRectify: false });
    const zone = await ask('POST', '/v1/zones', { name: 'secret.test.', connectionId: idOf(made) });
    await ask('PUT', '/v1/vms/canary-vm', { fqdn: 'vm.secret.test', addresses: [{ ip: '192.0.2.1' }] });
    await seen('canary-vm', 'credentials');
    await ask('POST', `/v1/zones/${idOf(zone)}/test`);
    await ask('PUT', `/v1/connections/${idOf(made)}/secrets`, { apiKey, more: CANARY.unknownField });
    expect((await ask('PUT', `/v1/connections/${idOf(made)}/secrets`, { apiKey })).status).toBe(200);
    await stack.gateway.reaches('canary-vm', 1, (dns) => dns.state === 'live', 'live', 40_000);
    await ask('POST', `/v1/zones/${idOf(zone)}/test`);
    // Else whoever may change an address could have the key sent to himself.
    expect((await ask('PATCH', `/v1/connections/${idOf(made)}`, { settings: { url: 'http://127.0.0.1:1' } })).status).toBe(400);
    const newToken = await stack.gateway.ask('POST', '/v1/tokens', { body: { name: 'canary', role: 'viewer' } });
    token = (newToken.body as { readonly token: string }).token;
    expect((await stack.gateway.as(token).ask('GET', '/v1/zones')).status).toBe(200);
  });

  it('L10 the troubles: a server that says the key back, in a refusal, in an error, in nonsense, before it dies', async () => {
    const echo = `key ${apiKey}, ${Buffer.from(apiKey).toString('base64')}, x-api-key: ${apiKey}`;
    const troubles = [{ status: 422, body: { error: echo } }, { status: 500, body: echo }, { status: 200, body: `<html>${echo}</html>` }, { status: 401, body: echo }, { status: 404, body: echo }] as const;
    for (const [i, answer] of troubles.entries()) {
      const fault = stack.proxy.answer(patches(`t${i}.secret.test.`), answer);
      await ask('PUT', `/v1/vms/trouble-${i}`, { fqdn: `t${i}.secret.test`, addresses: [{ ip: '192.0.2.2' }] });
      await until(() => fault.met.length > 0, { withinMs: 60_000, what: `trouble ${answer.status}` });
      fault.remove();
      const connection = (await stack.gateway.connections()).items[0]?.id ?? '';
      await ask('PUT', `/v1/connections/${connection}/secrets`, { apiKey });
    }
    await until(async () => (await stack.gateway.log({ name: 't0.secret.test' })).items.some((entry) => entry.providerText?.includes('***') === true), { withinMs: 20_000, what: 'the masked words of the server in the log' });
    await stack.service('adapter-powerdns').restart();
    await stack.service('adapter-powerdns').ready();
  });

  it('L10 the adapter\'s key is rotated: what was sealed for the old one stays readable, what is put in is sealed for the new one, and a connection tells which', async () => {
    const adapter = stack.service('adapter-powerdns');
    const connection = (await stack.gateway.connections()).items[0];
    const kid = async (): Promise<string | undefined> => (await stack.gateway.providers()).items.find((one) => one.name === 'powerdns')?.kid;
    const old = await kid();
    expect(connection?.sealedFor).toEqual({ apiKey: old });
    const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'services/adapter-powerdns/dist/main.js'), 'rotate-key'], { env: { PATH: process.env['PATH'], KEY_FILE: join(stack.folder, 'adapter-powerdns-keys.json') } });
    await until(async () => { const now = await kid(); return now !== old && stdout.includes(`new key ${now ?? ''};`); }, { withinMs: 40_000, what: 'the new key to be announced' });

    await adapter.restart();
    await adapter.ready();
    const { revision } = await stack.gateway.putVm('canary-vm', { fqdn: 'vm.secret.test', addresses: [{ ip: '192.0.2.3' }] });
    await stack.gateway.reaches('canary-vm', revision, (dns) => dns.state === 'live', 'live by the old key', 40_000);
    expect((await stack.gateway.connections()).items[0]?.sealedFor).toEqual({ apiKey: old });
    expect((await ask('PUT', `/v1/connections/${connection?.id ?? ''}/secrets`, { apiKey })).body).toMatchObject({ sealedFor: { apiKey: await kid() } });
    const next = await stack.gateway.putVm('canary-vm', { fqdn: 'vm.secret.test', addresses: [{ ip: '192.0.2.4' }] });
    await stack.gateway.reaches('canary-vm', next.revision, (dns) => dns.state === 'live', 'live by the new key', 40_000);
  });

  it('L10 nothing that comes out holds any of them: answers, logs, tables, streams, metrics, files', async () => {
    const { body } = await stack.gateway.ask('GET', '/openapi.json');
    const lists = Object.entries((body as { readonly paths: Readonly<Record<string, object>> }).paths).filter(([path, methods]) => 'get' in methods && !path.includes('{') && path !== '/v1/log/stream').map(([path]) => path);
    for (const path of lists) await ask('GET', path === '/v1/explain' ? '/v1/explain?q=trouble-0' : path);
    for (const connection of (await stack.gateway.connections()).items) await ask('GET', `/v1/connections/${connection.id}`);
    for (const vmId of ['canary-vm', 'trouble-0', 'trouble-1', 'trouble-2', 'trouble-3', 'trouble-4']) for (const path of [`/v1/vms/${vmId}/dns`, `/v1/explain?q=${vmId}`, `/v1/vms/${vmId}`]) await ask('GET', path);

    const streams = await Promise.all(['INGEST', 'EVENT', 'ZONE', 'COMMAND', 'RESULT', 'STATUS', 'DEADLETTER', 'DEED'].map((stream) => bus.textsOf(stream)));
    const out: Readonly<Record<string, string>> = { ...await stack.whatCameOut(), answers: answered.join('\n'), messages: streams.flat().join('\n'), 'everything on the bus': onTheBus.join('\n') };
    // The nets are whole: what is no secret is found in each.
    for (const place of ['answers', 'logs', 'tables', 'streams', 'messages', 'everything on the bus']) expect([place, out[place]?.includes('secret.test')]).toEqual([place, true]);
    expect(out['metrics']).toMatch(/vmdns_/);

    expect(findSecrets(out, { ...CANARY, apiKey, adminToken: stack.token, token })).toEqual([]);
  });

  it('L10 every stack of this run is searched so at its end: what is planted is found there, in whatever shape', async () => {
    expect(await stack.findSecrets()).toEqual([]);
    const secret = 'canary/planted+at the end';
    stack.secrets['planted'] = secret;
    const log = join(stack.folder, 'planter-0.log');
    appendFileSync(log, `sent Basic ${Buffer.from(`admin:${secret}`).toString('base64')}`);
    await stack.database.query(`create table public.planted as select $1::text as words`, [encodeURIComponent(secret)]);
    await bus.say({ specversion: '1.0', id: secret, source: 'planter', type: 'nothing' });
    const found = await until(async () => { const seen = await stack.findSecrets(); return seen.length >= 3 ? seen : undefined; }, { withinMs: 20_000, what: 'what was planted to be found' });
    for (const place of ['logs', 'tables', 'streams']) expect([place, found.some((one) => one.startsWith(`planted in ${place}: `))]).toEqual([place, true]);
    expect(found.join()).not.toContain(secret);
    delete stack.secrets['planted'];
  });
});
