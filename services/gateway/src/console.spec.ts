import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuditEntry, Problem } from '@vmdns/contracts';
import { newFolder, until } from '@vmdns/test/support';
import type { Answered, Sent } from '../testing/door-client.js';
import { ADMIN_TOKEN, World } from '../testing/world.js';

let world: World;
const folder = newFolder('console');
mkdirSync(join(folder, 'assets'));
writeFileSync(join(folder, 'index.html'), '<!doctype html><title>vmdns</title>');
writeFileSync(join(folder, 'assets', 'main-abc.js'), `// ${'x'.repeat(2000)}`);
beforeAll(async () => { world = await World.begin({ CONSOLE_DIR: `${folder}/` }); }, 60_000);
afterEach(() => world.services.stopAll());
afterAll(() => world.end());

const ask = (method: string, path: string, sent: Sent = {}) => world.door.ask(method, path, { token: null, ...sent });
const cookieOf = (answer: Answered) => answer.headers['set-cookie']?.[0] ?? '';
const signIn = async (token = ADMIN_TOKEN): Promise<{ readonly cookie: string; readonly answer: Answered }> => {
  const answer = await until(async () => {
    const each = await ask('POST', '/v1/session', { body: { token } });
    return each.status === 503 ? undefined : each;
  });
  return { answer, cookie: cookieOf(answer).split(';')[0] ?? '' };
};
const withCookie = (cookie: string, headers: Readonly<Record<string, string>> = {}) => ({ headers: { cookie, ...headers } });
const PAGE = { 'x-vmdns-console': '1' };
const detailOf = (answer: Answered) => (answer.body as Problem).detail;

describe('a session', () => {
  it('is opened by a token, in a cookie that no script and no other site can use, and says who one is', async () => {
    const { answer, cookie } = await signIn();
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ name: 'admin', role: 'admin', tenant: null, expiresAt: expect.any(String) });
    expect(cookieOf(answer)).toMatch(/^vmdns_session=vmdns-session_[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=(1800|1799)$/);
    expect(answer.text).not.toContain('vmdns-session_');
    const who = await ask('GET', '/v1/session', withCookie(cookie));
    expect([who.status, who.body]).toMatchObject([200, { name: 'admin', role: 'admin' }]);
    expect(await ask('GET', '/v1/tokens', withCookie(cookie))).toMatchObject({ status: 200 });
  });
  it('is Secure where the browser came by TLS', async () => {
    expect(cookieOf(await ask('POST', '/v1/session', { body: { token: ADMIN_TOKEN }, headers: { 'x-forwarded-proto': 'https' } }))).toMatch(/; Secure$/);
  });
  it('is opened for no wrong token, and a session is no token nor a token a session', async () => {
    for (const token of ['', 'wrong-token-of-somebody']) expect((await ask('POST', '/v1/session', { body: { token } })).status).toBe(401);
    expect((await ask('POST', '/v1/session', { body: { token: 7 } })).status).toBe(400);
    const { cookie } = await signIn();
    expect((await world.door.ask('GET', '/v1/session', { token: cookie.split('=')[1] ?? '' })).status).toBe(401);
    expect((await ask('GET', '/v1/session', withCookie(`vmdns_session=${ADMIN_TOKEN}`))).status).toBe(401);
    expect((await ask('GET', '/v1/session')).status).toBe(401);
  });
  it('changes nothing without the header that only our own page can send', async () => {
    const { cookie } = await signIn();
    const body = { name: 'by-cookie', role: 'viewer' };
    const refused = await ask('POST', '/v1/tokens', { body, ...withCookie(cookie) });
    expect([refused.status, detailOf(refused)]).toEqual([403, 'a change by cookie must come from the console itself (header X-Vmdns-Console)']);
    expect((await ask('DELETE', '/v1/session', withCookie(cookie))).status).toBe(403);
    expect((await ask('POST', '/v1/tokens', { body, ...withCookie(cookie, PAGE) })).status).toBe(201);
  });
  it('has the rights of its token, not more', async () => {
    const { cookie } = await signIn(await world.tokenOf('viewer'));
    expect((await ask('GET', '/v1/tokens', withCookie(cookie))).status).toBe(403);
    expect((await ask('POST', '/v1/pause', { body: { scope: { kind: 'all' } }, ...withCookie(cookie, PAGE) })).status).toBe(403);
  });
  it('is renewed when it is asked for, never beyond its longest life, and then has ended', async () => {
    const { cookie, answer } = await signIn(await world.tokenOf('operator'));
    const first = (answer.body as { readonly expiresAt: string }).expiresAt;
    await world.database.query(`update gateway.session set expires_at = expires_at - interval '10 minutes', created_at = created_at - interval '10 minutes' where expires_at = $1`, [first]);
    const renewed = await ask('GET', '/v1/session', withCookie(cookie));
    expect(Date.parse((renewed.body as { readonly expiresAt: string }).expiresAt)).toBeGreaterThanOrEqual(Date.parse(first));
    expect(cookieOf(renewed)).toContain(cookie);
    await world.database.query(`update gateway.session set created_at = created_at - interval '11.5 hours' where expires_at > clock_timestamp() + interval '25 minutes' and token_id <> 'admin-token-file'`);
    const last = (await ask('GET', '/v1/session', withCookie(cookie))).body as { readonly expiresAt: string };
    expect(Date.parse(last.expiresAt)).toBeLessThanOrEqual(Date.parse(first) + 60_000);
    await world.database.query(`update gateway.session set expires_at = clock_timestamp() - interval '1 second' where token_id <> 'admin-token-file'`);
    const other = (await signIn()).cookie;
    expect((await ask('GET', '/v1/session', withCookie(other))).status).toBe(200);
    expect(await world.database.query(`select 1 from gateway.session where expires_at < clock_timestamp()`)).toEqual([]);
  });
  it('ends when one signs out, and when its token is revoked', async () => {
    const { cookie } = await signIn();
    const gone = await ask('DELETE', '/v1/session', withCookie(cookie, PAGE));
    expect([gone.status, cookieOf(gone)]).toEqual([204, 'vmdns_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0']);
    const ended = await ask('GET', '/v1/session', withCookie(cookie));
    expect([ended.status, detailOf(ended)]).toEqual([401, 'the session has ended; sign in again']);
    const made = (await world.door.ask('POST', '/v1/tokens', { body: { name: 'leaver', role: 'viewer' } })).body as { readonly id: string; readonly token: string };
    const leaver = await signIn(made.token);
    expect((await ask('GET', '/v1/session', withCookie(leaver.cookie))).status).toBe(200);
    await world.door.ask('DELETE', `/v1/tokens/${made.id}`);
    expect((await ask('GET', '/v1/session', withCookie(leaver.cookie))).status).toBe(401);
    expect((await world.door.ask('DELETE', '/v1/session')).status).toBe(204);
  });
  it('is kept as a hash', async () => {
    const { cookie } = await signIn();
    const rows = await world.database.query<{ text: string }>('select s::text as text from gateway.session s');
    expect(rows.map((row) => row.text).join()).not.toContain(cookie.split('=')[1]);
    expect(world.lines.join()).not.toContain(cookie.split('=')[1]);
  });
});

describe('who did what', () => {
  it('is told to admins: by whom, by which way, what, and what came of it; refusals and facts are left out', async () => {
    const { cookie } = await signIn();
    await ask('POST', '/v1/tokens', { body: { name: 'audited', role: 'viewer' }, ...withCookie(cookie, PAGE) });
    await world.door.ask('POST', '/v1/tokens', { body: { name: 'audited', role: 'admin' } });
    await world.services.on('inventory.facts', () => ({ vmId: 'vm1', accepted: true, revision: 1 }));
    await world.door.ask('PUT', '/v1/vms/vm1', { body: { addresses: [] } });
    await world.services.on('planner.pause-add', (asked) => ({ id: 'p1', by: 'admin', since: '2026-11-21T12:00:00.000Z', ...(asked as object) }));
    await world.door.ask('POST', '/v1/pause', { body: { scope: { kind: 'all' }, why: 'looking' } });
    const list = async (query = '') => ((await world.door.ask('GET', `/v1/audit${query}`)).body as { readonly items: readonly AuditEntry[]; readonly next?: string });
    const [paused, made] = await until(async () => {
      const { items } = await list('?limit=2');
      return items[0]?.call === 'addPause' && items[1]?.call === 'addToken' ? items : undefined;
    });
    expect(paused).toMatchObject({ by: 'admin', role: 'admin', via: 'token', method: 'POST', path: '/v1/pause', about: 'p1', status: 201, traceparent: expect.stringMatching(/^00-/) });
    expect(made).toMatchObject({ by: 'admin', via: 'session', path: '/v1/tokens', about: expect.stringMatching(/^audited \(token-/), status: 201 });
    const { next = '' } = await list('?limit=1');
    expect((await list(`?limit=1&cursor=${next}`)).items).toEqual([made]);
    expect((await list('?by=nobody')).items).toEqual([]);
    expect((await world.door.ask('GET', '/v1/audit', { token: await world.tokenOf('operator') })).status).toBe(403);
  });
  it('says what was done, not what was answered: of callers who went away, what was done is told, and nothing else', async () => {
    const list = async () => ((await world.door.ask('GET', '/v1/audit?limit=5')).body as { readonly items: readonly AuditEntry[] }).items;
    /** Sends so much of a body, goes away when it is time, and comes back when the gateway has noticed. */
    const leave = async (path: string, call: string, sent: string, length: number, isTime: () => boolean) => {
      const sender = request(`${world.gateway.url}${path}`, { method: 'POST', agent: false, headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json', 'content-length': String(length) } });
      sender.on('error', () => undefined);
      await new Promise((resolve) => { sender.write(sent, resolve); });
      await until(isTime);
      sender.destroy();
      await until(async () => (await world.door.ask('GET', '/metrics', { token: null })).text.includes(`vmdns_http_request_seconds_count{call="${call}",status="499"} 1`), { what: 'the gateway to notice' });
    };
    await leave('/v1/tokens', 'addToken', '{"name":"half', 100, () => true);
    let go: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => { go = resolve; });
    await world.services.on('planner.pause-add', async (asked) => { await gone; return { id: 'p-gone', by: 'admin', since: '2026-11-21T12:00:00.000Z', ...(asked as object) }; });
    const body = JSON.stringify({ scope: { kind: 'all' }, why: 'leaving' });
    await leave('/v1/pause', 'addPause', body, body.length, () => world.services.asksOf('planner.pause-add').length === 1);
    go();
    const [last, before] = await until(async () => { const items = await list(); return items[0]?.about === 'p-gone' ? items : undefined; });
    expect(last).toMatchObject({ call: 'addPause', status: 201 });
    // The one that was made before; of the half one nothing is said.
    expect(before).toMatchObject({ call: 'addToken', status: 201 });
  });
});

describe('the pages', () => {
  const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'accept-encoding': 'gzip, br' };

  it('are served to anybody at / and at every path that a person may open, under a strict policy', async () => {
    for (const path of ['/', '/vms/vm-42', '/zones?mode=write', '/index.html']) {
      const answer = await ask('GET', path, { headers: browser });
      expect({ path, status: answer.status, type: answer.headers['content-type'] }).toEqual({ path, status: 200, type: 'text/html; charset=utf-8' });
      expect(answer.text).toContain('<title>vmdns</title>');
      const policy = answer.headers['content-security-policy'] ?? '';
      for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]) expect(String(policy).split('; ')).toContain(part);
      expect(answer.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cache-control': 'no-cache' });
    }
  });
  it('are compressed, kept for ever where their name tells their content, and not sent twice', async () => {
    const asset = await ask('GET', '/assets/main-abc.js', { headers: { 'accept-encoding': 'br' } });
    expect(asset.headers).toMatchObject({ 'content-type': 'text/javascript; charset=utf-8', 'content-encoding': 'br', 'cache-control': 'public, max-age=31536000, immutable' });
    expect((await ask('GET', '/assets/main-abc.js')).text).toContain('xxx');
    expect((await ask('GET', '/assets/main-abc.js', { headers: { 'if-none-match': String(asset.headers.etag) } })).status).toBe(304);
  });
  it('are found at the id of any VM, which may look like a file', async () => {
    for (const path of ['/vms/web.1', '/vms/vm.example.com', '/explain']) expect((await ask('GET', path, { headers: browser })).headers['content-type']).toContain('text/html');
  });

  it('are no way around the API, nor to any other file', async () => {
    for (const path of ['/v1/vms/vm1', '/v1/nothing', '/openapi.json', '/legacy/dns.php', '/assets/missing.js', '/assets/..%2f..%2fetc%2fpasswd', '/..%2fpackage.json', '/%2e%2e/%2e%2e/package.json']) {
      expect({ path, status: (await ask('GET', path, { headers: browser })).status }).toEqual({ path, status: path.startsWith('/%2e') || path.startsWith('/..') || path.startsWith('/assets/..') ? expect.any(Number) : 401 });
    }
    for (const path of ['/assets/..%2f..%2fetc%2fpasswd', '/..%2fpackage.json', '/%2e%2e/%2e%2e/package.json']) expect((await ask('GET', path, { headers: browser })).text).not.toMatch(/root:|"name"/);
    expect((await ask('POST', '/', { headers: browser })).status).toBe(401);
    expect((await ask('GET', '/')).status).toBe(401);
  });
});

describe('the first page', () => {
  it('L8 joins what the services and adapters say of themselves; an adapter that does not answer is left out', async () => {
    const connection = { provider: 'powerdns', paused: false, zones: 1, applied: 3, open: 0 };
    await world.services.on('planner.overview', () => ({
      names: { applied: 3 }, reasons: {}, vms: 2, openHolds: 1, oldestPendingSeconds: null, unheard: 0, heard: 0, feedLagSeconds: 1, missingZones: [], at: '2026-11-21T12:00:00.000Z', lag: { events: 5, results: 2 },
      providers: ['powerdns', 'silent', 'gone'].map((name) => ({ name, seenAt: '2026-11-21T12:00:00.000Z', isHeard: name !== 'gone' })),
      connections: [{ ...connection, id: 'c1', name: 'ns1' }, { ...connection, id: 'c2', name: 'ns2' }],
    }));
    await world.services.on('log.rates', () => ({ minutes: [], lag: { results: 7 } }));
    await world.services.on('inventory.holds-list', () => ({ items: [] }));
    await world.services.on('inventory.standing', () => ({ lag: { facts: 4 } }));
    const budget = { free: 3, inFlightMax: 4 };
    const lastError = { reason: { code: 'credentials', text: 'the key is refused' }, at: '2026-11-21T11:00:00.000Z' };
    await world.services.on('adapter-powerdns.standing', () => ({ lag: { commands: 9 }, connections: [{ connectionId: 'c1', budget, lastError }] }));
    const { body } = await ask('GET', '/v1/overview', { token: ADMIN_TOKEN });
    expect(body).toMatchObject({ lag: { facts: 4, events: 5, commands: 9, results: 7 }, openHolds: 1, silent: [], connections: [{ id: 'c1', budget, lastError }, { id: 'c2' }] });
    expect((body as { readonly connections: readonly object[] }).connections[1]).not.toHaveProperty('budget');
  });
});
