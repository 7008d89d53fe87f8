import { afterEach, describe, expect, it } from '@jest/globals';
import { connection, providers, zone } from '../testing/samples.js';
import { runCommand, ScriptedDoor, type Ran, type Reply } from '../testing/scripted-door.js';

let door: ScriptedDoor | undefined;
afterEach(async () => { await door?.close(); door = undefined; });

async function ask(words: string, script: Record<string, Reply | Reply[]>): Promise<Ran> {
  door = await new ScriptedDoor(script).open();
  return runCommand(words.split(' ').filter((word) => word !== ''), { environment: { VMDNS_URL: door.url, VMDNS_TOKEN: 'token-of-a-test' } });
}

describe('zone', () => {
  const script = { 'GET /v1/providers': { body: providers }, 'GET /v1/connections': { body: { items: [connection] } }, 'GET /v1/zones': { body: { items: [zone] } }, 'POST /v1/zones': { status: 201, body: zone } };
  it('adds one over a connection that is called by its name', async () => {
    const ran = await ask('zone add example.com --connection ns1 --ttl-forward 60 --addresses 192.0.2.0/24,2001:db8::/32 --set rectify=true', script);
    expect(ran.out).toBe('example.com. is zone z1, over ns1.\n');
    expect(door?.heard.at(-1)?.body).toEqual({ name: 'example.com', connectionId: 'c1', ttl: { forward: 60 }, addresses: { ranges: ['192.0.2.0/24', '2001:db8::/32'] }, settings: { rectify: true } });
  });
  it('lists them with the states of their names', async () => {
    expect((await ask('zone list', script)).out).toBe('ID  NAME          PROVIDER  CONNECTION  MODE   STATE   NAMES\nz1  example.com.  powerdns  c1          write  active  12 applied, 1 failed\n');
  });
  it('shows each step of a test and fails with it', async () => {
    const result = { ok: false, steps: [{ step: 'reach', ok: true, warning: false, text: 'The API answers.', tookMs: 4.2 }, { step: 'rights', ok: false, warning: false, text: 'The key may not write.', hint: 'Give it write access.', tookMs: 9 }] };
    const ran = await ask('zone test example.com', { ...script, 'POST /v1/zones/z1/test': { body: result } });
    expect(ran).toEqual({ code: 1, out: 'ok       reach: The API answers. (4 ms)\nFAILED   rights: The key may not write. (9 ms)\n         Give it write access.\nThe zone cannot be written as it is.\n', err: '' });
  });
  it('tries one that is not saved, and moves a saved one', async () => {
    await ask('zone test new.example --connection ns1', { ...script, 'POST /v1/zones/test': { body: { ok: true, steps: [] } } });
    expect(door?.heard.at(-1)?.body).toEqual({ name: 'new.example', connectionId: 'c1' });
    await door?.close();
    const ran = await ask('zone move z1 --connection ns1', { ...script, 'POST /v1/zones/z1/move': { status: 202, body: { ...zone, id: 'z9' } } });
    expect(ran.out).toBe('example.com. moves to ns1 (zone z9); what is here stays here.\n');
    expect(door?.heard.at(-1)?.body).toEqual({ connectionId: 'c1' });
    await ask('zone move z1 --connection ns1 --purge', { ...script, 'POST /v1/zones/z1/move': { status: 202, body: { ...zone, id: 'z9' } } });
    expect(door?.heard.at(-1)?.body).toEqual({ connectionId: 'c1', purge: true });
  });
  it('says what it cannot do rather than do less', async () => {
    expect(await ask('zone set example.com', script)).toEqual({ code: 2, out: '', err: 'vmdns: say what to change: see vmdns zone set --help\n' });
    await door?.close();
    expect(await ask('zone test new.example --connection ns1 --probe', script)).toEqual({ code: 2, out: '', err: 'vmdns: only a saved zone is tried with a record\n  vmdns zone add new.example --connection ns1 --mode observe\n' });
    expect(door?.heard).toEqual([]);
  });
  it('lists all of them, however many pages there are', async () => {
    const pages = Array.from({ length: 25 }, (_, page) => ({ body: { items: Array.from({ length: 500 }, (__, n) => ({ ...zone, id: `z${page}-${n}` })), ...(page < 24 ? { next: `page-${page + 1}` } : {}) } }));
    expect((await ask('zone list', { 'GET /v1/zones': pages })).out.split('\n')).toHaveLength(12_502);
  });
  it('shows the brake of a zone, sets it, and takes it off for a while, with the reason', async () => {
    const brake = { ...script, 'GET /v1/zones/z1': { body: zone }, 'PATCH /v1/zones/z1': { body: { ...zone, brakeOff: { until: '2026-11-21T13:00:00.000Z', why: 'racks', by: 'admin' } } } };
    expect((await ask('zone brake example.com', brake)).out).toBe([
      'example.com.: removals wait for a person above 30 % of its names (unless fewer than 20), or above 500, within 600 s.',
      'Re-homing waits above 30 % (unless fewer than 20).', '',
    ].join('\n'));
    await door?.close();
    const off = await ask('zone brake example.com --off 1h --why racks', brake);
    expect(off.out).toContain('The brake is off until 2026-11-21 13:00:00, by admin: racks. It comes on again by itself; at once: vmdns zone brake example.com. --on\n');
    expect(door?.heard.at(-1)?.body).toEqual({ brakeOff: { until: '2026-11-21T13:00:00.000Z', why: 'racks' } });
    await door?.close();
    await ask('zone brake example.com --on --set removalCount=1000', brake);
    expect(door?.heard.at(-1)?.body).toEqual({ limits: { removalCount: 1000 }, brakeOff: null });
    for (const words of ['--off 1h', '--off 1h --on', '--set removalCount=many']) { await door?.close(); expect((await ask(`zone brake example.com ${words}`, brake)).code).toBe(2); }
  });
  it('asks for an id where two entries have one apex', async () => {
    const ran = await ask('zone test example.com', { 'GET /v1/zones': { body: { items: [zone, { ...zone, id: 'z7' }] } } });
    expect(ran).toEqual({ code: 1, out: '', err: 'vmdns: more than one is called so; take an id\n  z1\n  z7\n' });
  });
});
