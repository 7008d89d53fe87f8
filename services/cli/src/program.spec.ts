import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { FactAnswer, LogEntry, VmDns } from '@vmdns/contracts';
import { connection, providers, zone } from '../testing/samples.js';
import { runCommand, ScriptedDoor, terminal, type Ran, type Reply } from '../testing/scripted-door.js';

let door: ScriptedDoor | undefined;
afterEach(async () => { await door?.close(); door = undefined; });

const CANARY = 'canary-7f3a9c-do-not-show';

async function ask(words: string, script: Record<string, Reply | Reply[]>, more: Parameters<typeof runCommand>[1] = {}): Promise<Ran> {
  door = await new ScriptedDoor(script).open();
  return runCommand(words.split(' ').filter((word) => word !== ''), { ...more, environment: { VMDNS_URL: door.url, VMDNS_TOKEN: 'token-of-a-test', ...more.environment } });
}

const stored: FactAnswer = { vmId: 'vm1', accepted: true, revision: 3 };
const live: VmDns = {
  vmId: 'vm1', revision: 3, plannedRevision: 3, live: true, state: 'live',
  records: [
    { name: 'vm1.example.com.', type: 'A', ttl: 300, values: ['192.0.2.10'], zone: 'example.com.', zoneId: 'z1', provider: 'powerdns', state: 'applied', attempts: 1, generation: 2, updatedAt: '2026-11-21T12:00:00.000Z' },
    { name: '10.2.0.192.in-addr.arpa.', type: 'PTR', ttl: 3600, values: ['vm1.example.com.'], zone: '2.0.192.in-addr.arpa.', zoneId: 'z2', provider: 'powerdns', state: 'applied', attempts: 1, generation: 2, updatedAt: '2026-11-21T12:00:00.000Z' },
  ],
};

describe('vm put', () => {
  it('sends the whole fact and says what became of it', async () => {
    const ran = await ask('vm put vm1 --fqdn vm1.example.com --ip 192.0.2.10 --ip 2001:db8::10 --ptr 192.0.2.10=mail.example.org --forward 2001:db8::10 --version 7 --label rack=b2', { 'PUT /v1/vms/vm1': { status: 202, body: stored } });
    expect(ran).toEqual({ code: 0, out: 'vm1: the fact is stored as revision 3.\n', err: '' });
    expect(door?.heard[0]).toMatchObject({
      token: 'token-of-a-test',
      body: { fqdn: 'vm1.example.com', version: 7, labels: { rack: 'b2' }, addresses: [{ ip: '192.0.2.10', ptr: 'mail.example.org' }, { ip: '2001:db8::10', forward: true }] },
    });
  });
  it('waits, and shows what answers', async () => {
    const ran = await ask('vm put vm1 --fqdn vm1.example.com --ip 192.0.2.10 --wait', { 'PUT /v1/vms/vm1': { status: 202, body: stored }, 'GET /v1/vms/vm1/dns?revision=3&wait=30000ms': { body: live } });
    expect(ran.code).toBe(0);
    expect(ran.out).toBe([
      'vm1: the fact is stored as revision 3.',
      'vm1: DNS is live (revision 3).',
      '  NAME                      TYPE  TTL   VALUE             ZONE                   PROVIDER  STATE',
      '  vm1.example.com.          A     300   192.0.2.10        example.com.           powerdns  applied',
      '  10.2.0.192.in-addr.arpa.  PTR   3600  vm1.example.com.  2.0.192.in-addr.arpa.  powerdns  applied',
      '',
    ].join('\n'));
  });
  it('fails when it waited and a record was refused, and says why and what to do', async () => {
    const [first] = live.records;
    const attention = { ...live, state: 'attention', records: [{ ...first, state: 'refused', reason: { code: 'foreign-record', text: 'Somebody else has an A record there.', hint: 'Remove it at the provider.' } }] };
    const ran = await ask('vm put vm1 --fqdn vm1.example.com --ip 192.0.2.10 --wait', { 'PUT /v1/vms/vm1': { status: 202, body: stored }, 'GET /v1/vms/vm1/dns': { body: attention } });
    expect(ran.code).toBe(1);
    expect(ran.out).toBe([
      'vm1: the fact is stored as revision 3.',
      'vm1: DNS needs attention (revision 3).',
      '  NAME              TYPE  TTL  VALUE       ZONE          PROVIDER  STATE',
      '  vm1.example.com.  A     300  192.0.2.10  example.com.  powerdns  refused (foreign-record)',
      '  vm1.example.com. A: Somebody else has an A record there.',
      '    Remove it at the provider.',
      '',
    ].join('\n'));
  });
  it('gives answer and DNS as one JSON value', async () => {
    const ran = await ask('vm put vm1 --ip 192.0.2.10 --wait --json', { 'PUT /v1/vms/vm1': { status: 202, body: stored }, 'GET /v1/vms/vm1/dns': { body: live } });
    expect(JSON.parse(ran.out)).toEqual({ answer: stored, dns: live });
  });
  it('names every fault and exits 1', async () => {
    const problem = { type: 'urn:vmdns:problem:bad-input', status: 400, code: 'bad-input', title: 'The request has faults', detail: '2 faults', faults: [{ path: 'addresses[0].ip', message: "'300.1.2.3' is not an IPv4 or IPv6 address" }, { path: 'fqdn', message: 'is empty' }] };
    const ran = await ask('vm put vm1 --ip 300.1.2.3', { 'PUT /v1/vms/vm1': { status: 400, body: problem } });
    expect(ran).toEqual({ code: 1, out: '', err: "vmdns: The request has faults (400)\n  addresses[0].ip: '300.1.2.3' is not an IPv4 or IPv6 address\n  fqdn: is empty\n" });
  });
  it('gives the problem as JSON where JSON was asked for', async () => {
    const problem = { type: 'urn:vmdns:problem:conflict', status: 409, code: 'conflict', title: 'It contradicts what is known' };
    const ran = await ask('vm put vm1 --ip 192.0.2.1 --json', { 'PUT /v1/vms/vm1': { status: 409, body: problem } });
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.out)).toEqual(problem);
  });
  it.each([
    ['an old version', { accepted: false, reason: 'stale', revision: 3, text: 'version 2 is older than version 7, which is known.' }, 'vm1: version 2 is older than version 7, which is known.\n'],
    ['a repeat', { accepted: false, reason: 'repeat', revision: 3 }, 'vm1: nothing new; revision 3 stands.\n'],
    ['a held deletion', { accepted: false, reason: 'held', revision: 3, holdId: 'h1' }, 'vm1: the fact is stored and waits for a person: vmdns hold show h1.\n'],
  ])('says in a sentence what %s means', async (_, answer, out) => {
    expect(await ask('vm put vm1 --ip 192.0.2.1', { 'PUT /v1/vms/vm1': { body: { vmId: 'vm1', ...answer } } })).toEqual({ code: 0, out, err: '' });
  });
  it('takes a fact from standard input', async () => {
    await ask('vm put vm1 --file -', { 'PUT /v1/vms/vm1': { status: 202, body: stored } }, { typed: '{"addresses":[{"ip":"192.0.2.9"}]}' });
    expect(door?.heard[0]?.body).toEqual({ addresses: [{ ip: '192.0.2.9' }] });
  });
  it('takes a fact from a file or from the options, and does not pass over one of both', async () => {
    expect(await ask('vm put vm1 --file - --ip 192.0.2.1 --wait', {}, { typed: '{}' })).toEqual({ code: 2, out: '', err: 'vmdns: --file is the whole fact: without --ip\n' });
  });
  it('calls a PTR for an address that is not given a wrong usage', async () => {
    const ran = await ask('vm put vm1 --ip 192.0.2.1 --ptr 192.0.2.2=a.example.com', {});
    expect(ran).toEqual({ code: 2, out: '', err: 'vmdns: 192.0.2.2 is not among the addresses: add --ip 192.0.2.2\n' });
  });
});

describe('ptr', () => {
  it('sets a name, and resets it with an explicit null', async () => {
    await ask('ptr set vm1 2001:db8::1 mail.example.org', { 'PUT /v1/vms/vm1/addresses/2001:db8::1/ptr': { status: 202, body: stored } });
    expect(door?.heard[0]?.body).toEqual({ hostname: 'mail.example.org' });
    await door?.close();
    const ran = await ask('ptr reset vm1 2001:db8::1', { 'PUT /v1/vms/vm1/addresses/2001:db8::1/ptr': { status: 202, body: stored } });
    expect(ran.out).toBe('vm1: the default for 2001:db8::1 is stored as revision 3.\n');
    expect(door?.heard[0]?.body).toEqual({ hostname: null });
    await door?.close();
    await ask('ptr set vm1 192.0.2.1 mail.example.org --uid u-1', { 'PUT /v1/vms/vm1/addresses/192.0.2.1/ptr': { status: 202, body: stored } });
    expect(door?.heard[0]?.body).toEqual({ hostname: 'mail.example.org', uid: 'u-1' });
  });
});

describe('connection', () => {
  const script = { 'GET /v1/providers': { body: providers }, 'GET /v1/connections': { body: { items: [connection] } }, 'POST /v1/connections': { status: 201, body: connection }, 'PUT /v1/connections/c1/secrets': { body: connection } };
  it('L10 takes the secret from a file and shows only its name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vmdns-cli-'));
    writeFileSync(join(folder, 'key'), `${CANARY}\n`);
    const ran = await ask('connection add ns1 --provider powerdns --set url=http://ns1:8081 --set port=53 --set-file apiKey=key', script, { folder });
    expect(door?.heard.at(-1)?.body).toEqual({ name: 'ns1', provider: 'powerdns', settings: { url: 'http://ns1:8081', port: 53, apiKey: CANARY } });
    expect(ran).toEqual({ code: 0, out: 'ns1 is connection c1; sealed: apiKey.\n', err: '' });
  });
  it('L10 asks a person for a missing secret without showing what is typed', async () => {
    const stdin = terminal(`${CANARY}X\u007f\r`);
    const ran = await ask('connection add ns1 --provider powerdns --set url=http://ns1:8081', script, { stdin });
    expect(door?.heard.at(-1)?.body).toMatchObject({ settings: { apiKey: CANARY } });
    expect(ran).toEqual({ code: 0, out: 'ns1 is connection c1; sealed: apiKey.\n', err: 'apiKey (not shown): \n' });
    expect(stdin.modes).toEqual([true, false]);
  });
  it('L10 refuses a secret on the command line, without repeating it', async () => {
    const ran = await ask(`connection add ns1 --provider powerdns --set apiKey=${CANARY}`, script);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('apiKey is a secret and must not stand on the command line');
    expect(ran.out + ran.err).not.toContain(CANARY);
    expect(door?.heard.map((each) => each.call)).toEqual(['GET /v1/providers']);
  });
  it('rotates a secret from standard input or a variable', async () => {
    const piped = await ask('connection set-secret ns1 --secret-stdin', script, { typed: `${CANARY}\n` });
    expect(door?.heard.at(-1)?.body).toEqual({ apiKey: CANARY });
    expect(piped.out).toBe('ns1: apiKey replaced.\n');
    await door?.close();
    await ask('connection set-secret c1 --set-env apiKey=KEY', script, { environment: { KEY: 'from-a-variable' } });
    expect(door?.heard.at(-1)?.body).toEqual({ apiKey: 'from-a-variable' });
  });
  it('changes an address, and says that it is the same server', async () => {
    await ask('connection set ns1 --set url=http://ns2:8081 --same-server', { ...script, 'PATCH /v1/connections/c1': { body: connection } });
    expect(door?.heard.at(-1)?.body).toEqual({ settings: { url: 'http://ns2:8081' }, sameServer: true });
  });
  it('says what to do where there is nothing to change', async () => {
    expect(await ask('connection set ns1', script)).toEqual({ code: 2, out: '', err: 'vmdns: say what to change: --name, --set, --unset, --same-server or a secret\n' });
    expect(door?.heard.filter(({ call }) => call.startsWith('PATCH'))).toEqual([]);
  });
  it('does not wait for a secret that never comes, and takes none that is empty', async () => {
    const closed = Object.assign(Readable.from([]), { isTTY: true, setRawMode: () => undefined });
    expect(await ask('connection set-secret ns1', script, { stdin: closed })).toMatchObject({ code: 2, err: expect.stringContaining('nothing was given') });
    await door?.close();
    expect(await ask('connection set-secret ns1', script, { stdin: terminal('\r') })).toMatchObject({ code: 2, err: expect.stringContaining('nothing was given') });
    expect(door?.heard.filter(({ call }) => call.startsWith('PUT'))).toEqual([]);
  });
  it('says who is missing where nobody can be asked', async () => {
    expect(await ask('connection add ns1 --provider powerdns', script)).toMatchObject({ code: 2, err: expect.stringContaining('apiKey is missing and nobody can be asked') });
  });
  it('lists them without secrets, with the key that each is sealed for', async () => {
    expect((await ask('connection list', script)).out).toBe('ID  NAME  PROVIDER  SETTINGS             SECRETS\nc1  ns1   powerdns  url=http://ns1:8081  apiKey\n');
    await door?.close();
    const rotated = { ...connection, id: 'c2', name: 'ns2', sealedFor: { apiKey: 'newest-key-of-all' } };
    const both = { ...script, 'GET /v1/providers': { body: { items: [{ ...providers.items[0], kid: 'newest-key-of-all' }] } }, 'GET /v1/connections': { body: { items: [{ ...connection, sealedFor: { apiKey: 'older-key-of-all' } }, rotated] } } };
    expect((await ask('connection list', both)).out).toBe([
      'ID  NAME  PROVIDER  SETTINGS             SECRETS  SEALED FOR',
      'c1  ns1   powerdns  url=http://ns1:8081  apiKey   older-ke (old)',
      'c2  ns2   powerdns  url=http://ns1:8081  apiKey   newest-k',
      '',
    ].join('\n'));
  });
  it('names the providers there are when one is unknown', async () => {
    expect(await ask('connection add x --provider bind', script)).toEqual({ code: 1, out: '', err: 'vmdns: there is no provider "bind"\n  there are powerdns\n' });
  });
});

describe('hold, pause, resume, explain, settings, token', () => {
  const hold = { holdId: 'h1', service: 'inventory', kind: 'vm-deletions', scope: 'http:billing', state: 'open', members: 2, openedAt: '2026-11-21T11:00:00.000Z', text: 'billing deletes 2 VMs.' };
  it('shows a hold as text, and what to type', async () => {
    const ran = await ask('hold show h1', { 'GET /v1/holds/h1': { body: { hold, members: [{ vmId: 'a', text: 'VM a goes' }, { vmId: 'b', text: 'VM b goes' }] } } });
    expect(ran.out).toBe('billing deletes 2 VMs.\n  VM a goes\n  VM b goes\nvmdns hold approve h1   or   vmdns hold reject h1\n');
  });
  it('says what an approval released and what it left out', async () => {
    const ran = await ask('hold approve h1', { 'POST /v1/holds/h1/approve': { body: { hold: { ...hold, state: 'approved' }, released: 1, changed: ['VM b was said to be there again'] } } });
    expect(ran.out).toBe('1 released.\nChanged since, and left out:\n  VM b was said to be there again\n');
  });
  it('lists what waits', async () => {
    expect((await ask('hold list', { 'GET /v1/holds?state=open&limit=500': { body: { items: [hold] } } })).out).toBe('ID  WHAT          OF            MEMBERS  STATE  SINCE\nh1  vm-deletions  http:billing  2        open   2026-11-21 11:00:00\n');
    await door?.close();
    expect((await ask('hold list', { 'GET /v1/holds': { body: { items: [] } } })).out).toBe('nothing waits for a person\n');
  });
  it('pauses for a time and resumes by scope', async () => {
    const pause = { id: 'p1', scope: { kind: 'zone', id: 'z1' }, by: 'admin', why: 'racks', since: '2026-11-21T12:00:00.000Z', until: '2026-11-21T12:30:00.000Z' };
    const script = { 'GET /v1/zones': { body: { items: [zone] } }, 'POST /v1/pause': { status: 201, body: pause }, 'GET /v1/pause': { body: { items: [pause] } }, 'DELETE /v1/pause/p1': { status: 204 } };
    const paused = await ask('pause --zone example.com --why racks --for 30m', script);
    expect(paused.out).toBe('Paused until 2026-11-21 12:30:00. Nothing is lost: vmdns resume p1\n');
    expect(door?.heard.at(-1)?.body).toEqual({ scope: { kind: 'zone', id: 'z1' }, why: 'racks', until: '2026-11-21T12:30:00.000Z' });
    await door?.close();
    const unheard = { ...script, 'POST /v1/pause': { status: 201, body: { ...pause, confirmed: false, note: 'adapter-powerdns is not running: it may go on until it hears of this.' } } };
    expect((await ask('pause --zone example.com', unheard)).out).toBe('Paused until 2026-11-21 12:30:00. Nothing is lost: vmdns resume p1\nadapter-powerdns is not running: it may go on until it hears of this.\n');
    await door?.close();
    expect((await ask('pause', script)).out).toBe('ID  WHAT     BY     SINCE                UNTIL                WHY\np1  zone z1  admin  2026-11-21 12:00:00  2026-11-21 12:30:00  racks\n');
    await door?.close();
    expect((await ask('resume --zone example.com', script)).out).toBe('Resumed; what waited is done now.\n');
    expect(door?.heard.at(-1)?.call).toBe('DELETE /v1/pause/p1');
  });
  it('explains in the sentences of vmdns', async () => {
    const explanation = { query: 'vm1', kind: 'vm', sentences: ['vm1 has no reverse name: no zone encloses 192.0.2.1.', 'Add the zone 2.0.192.in-addr.arpa.'], vms: [], names: [] };
    expect((await ask('explain vm1', { 'GET /v1/explain?q=vm1': { body: explanation } })).out).toBe('vm1 has no reverse name: no zone encloses 192.0.2.1.\nAdd the zone 2.0.192.in-addr.arpa.\n');
  });
  it('changes one setting and keeps the others', async () => {
    const settings = { mainDomain: null, zoneMatch: 'closest', brakes: { vmDeletions: { count: 50, share: 0.05 } } };
    const echo: Reply = (heard, response) => { response.setHeader('Content-Type', 'application/json').end(JSON.stringify(heard.body)); };
    const ran = await ask('settings set mainDomain=example.com brakes.vmDeletions.count=100', { 'GET /v1/settings': { body: settings }, 'PUT /v1/settings': echo });
    expect(ran.out).toBe('mainDomain = example.com\nzoneMatch = closest\nbrakes.vmDeletions.count = 100\nbrakes.vmDeletions.share = 0.05\n');
  });
  it('shows a new token alone on standard output', async () => {
    const made = { id: 'token-1', name: 'panel', role: 'publisher', tenant: 'acme', token: 'vmdns_abc' };
    const ran = await ask('token add panel --role publisher --tenant acme', { 'POST /v1/tokens': { status: 201, body: made } });
    expect(ran).toEqual({ code: 0, out: 'vmdns_abc\n', err: 'This is token-1; its value is not shown again.\n' });
    expect(door?.heard[0]?.body).toEqual({ name: 'panel', role: 'publisher', tenant: 'acme' });
  });
});

describe('log', () => {
  const entry = (id: string, text: string): LogEntry => ({ id, at: '2026-11-21T12:00:00.000Z', kind: 'result', name: 'vm1.example.com.', provider: 'powerdns', vms: ['vm1'], status: 'applied', text });
  it('tells the oldest first', async () => {
    const ran = await ask('log --vm vm1 --since 10m', { 'GET /v1/log?vmId=vm1&since=2026-11-21T11:50:00.000Z&limit=20': { body: { items: [entry('2', 'again'), entry('1', 'written')] } } });
    expect(ran.out).toBe('2026-11-21 12:00:00  applied      vm1.example.com.  (powerdns)  written\n2026-11-21 12:00:00  applied      vm1.example.com.  (powerdns)  again\n');
  });
  it('cannot be made to steer the terminal by what others wrote', async () => {
    const ran = await ask('log', { 'GET /v1/log': { body: { items: [entry('1', 'bad \u001b[2J\u0007 text')] } } });
    expect(ran.out).toContain('bad ·[2J· text');
  });
  it('follows, and goes on after the last entry when the stream breaks', async () => {
    const ending = new AbortController();
    const streams: Reply[] = [
      (_, response) => { response.writeHead(200, { 'Content-Type': 'text/event-stream' }); response.write(`retry: 20\n\nid: 2\nevent: entry\ndata: ${JSON.stringify(entry('2', 'live'))}\n\n: still here\n\n`); response.end(); },
      (_, response) => { response.writeHead(200, { 'Content-Type': 'text/event-stream' }); response.write(`id: 3\nevent: entry\ndata: ${JSON.stringify(entry('3', 'later'))}\n\n`); },
    ];
    const ran = await ask('log -f --json', { 'GET /v1/log': { body: { items: [entry('1', 'old')] } }, 'GET /v1/log/stream': streams }, { signal: ending.signal, onOut: (text) => { if (text.includes('later')) ending.abort(); } });
    expect(ran.code).toBe(0);
    expect(ran.out.trim().split('\n').map((line) => (JSON.parse(line) as LogEntry).text)).toEqual(['old', 'live', 'later']);
    expect(door?.heard.filter((each) => each.call.includes('stream')).map((each) => each.lastEventId)).toEqual(['1', '2']);
  });
});

describe('following the log', () => {
  it('says when the connection is lost and when it is back, and does not grow tired', async () => {
    const ending = new AbortController();
    const warnings: string[] = [];
    const warned = (warning: Error): void => { warnings.push(warning.name); };
    process.on('warning', warned);
    const down: Reply = (_, response) => { response.writeHead(503, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify({ type: 'x', status: 503, code: 'unavailable', title: 'later' })); };
    const first: Reply = (_, response) => { response.writeHead(200, { 'Content-Type': 'text/event-stream' }).end('retry: 1\n\n'); };
    const last: Reply = (_, response) => { response.writeHead(200, { 'Content-Type': 'text/event-stream' }); response.write(`id: 1\nevent: entry\ndata: {"id":"1","at":"2026-11-21T12:00:00.000Z","status":"applied","vms":[],"text":"back"}\n\n`); };
    const ran = await ask('log -f --since 10m', { 'GET /v1/log': { body: { items: [] } }, 'GET /v1/log/stream': [first, ...Array.from({ length: 15 }, () => down), last] }, { signal: ending.signal, onOut: () => { ending.abort(); } });
    process.off('warning', warned);
    expect(ran).toEqual({ code: 0, out: '2026-11-21 12:00:00  applied      back\n', err: 'vmdns: the live log is lost; it is opened again as soon as vmdns answers\nvmdns: the live log is back\n' });
    expect(door?.heard.filter(({ call }) => call.includes('stream')).every(({ call }) => call.includes('since=2026-11-21T11:50:00.000Z'))).toBe(true);
    expect(warnings).toEqual([]);
  });
});

describe('finding vmdns', () => {
  it('reads endpoints.json of a local stack', async () => {
    door = await new ScriptedDoor({ 'GET /v1/vms/vm1/dns': { body: live } }).open();
    const folder = mkdtempSync(join(tmpdir(), 'vmdns-cli-'));
    writeFileSync(join(folder, 'endpoints.json'), JSON.stringify({ http: door.url, token: 'local-token' }));
    const ran = await runCommand(['vm', 'dns', 'vm1'], { environment: { VMDNS_HOME: folder } });
    expect(ran.code).toBe(0);
    expect(door.heard[0]?.token).toBe('local-token');
  });
  it('does not give the local token to another address', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vmdns-cli-'));
    writeFileSync(join(folder, 'endpoints.json'), JSON.stringify({ http: 'http://127.0.0.1:1', token: 'local-token' }));
    expect(await runCommand(['vm', 'dns', 'vm1'], { environment: { VMDNS_HOME: folder, VMDNS_URL: 'http://127.0.0.1:2' } })).toMatchObject({ code: 2, err: expect.stringContaining('there is no token for http://127.0.0.1:2') });
  });
  it('says what to do when it is not known where vmdns is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vmdns-cli-'));
    expect(await runCommand(['zone', 'list'], { folder })).toMatchObject({ code: 2, err: expect.stringContaining('set VMDNS_URL and VMDNS_TOKEN') });
  });
  it('exits 3 when nobody answers', async () => {
    const gone = await new ScriptedDoor({}).open();
    await gone.close();
    const ran = await runCommand(['zone', 'list'], { environment: { VMDNS_URL: gone.url, VMDNS_TOKEN: 't' } });
    expect(ran).toMatchObject({ code: 3, err: expect.stringContaining(`vmdns does not answer at ${gone.url}\n  ECONNREFUSED`) });
  });
  it('exits 3 when vmdns cannot store', async () => {
    const problem = { type: 'urn:vmdns:problem:unavailable', status: 503, code: 'unavailable', title: 'vmdns cannot do that right now; please send it again' };
    expect((await ask('vm put vm1 --ip 192.0.2.1', { 'PUT /v1/vms/vm1': { status: 503, body: problem } })).code).toBe(3);
  });
  it('names the option whose value is wrong', async () => {
    for (const [words, option] of [['vm find --limit many', '--limit'], ['pause --all --for soon', '--for'], ['pause --all --for 999999999d', '--for'], ['zone add a.example --connection c --ttl-forward -5', '--ttl-forward']] as const) {
      expect({ words, ...await ask(words, {}) }).toMatchObject({ words, code: 2, err: expect.stringContaining(option) });
      await door?.close();
    }
    expect(await ask('log --since 9999999999999d', {})).toMatchObject({ code: 2, err: expect.stringContaining('--since') });
  });
  it('L10 a token that cannot be sent is not shown', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vmdns-cli-'));
    writeFileSync(join(folder, 'token'), `${CANARY}\nsecond-line\n`);
    const ran = await runCommand(['zone', 'list'], { folder, environment: { VMDNS_URL: 'http://127.0.0.1:1', VMDNS_TOKEN_FILE: 'token' } });
    expect(ran).toEqual({ code: 2, out: '', err: 'vmdns: VMDNS_TOKEN_FILE: token must hold one line of printable characters\n' });
  });
  it('knows what is no answer of vmdns, and an answer that breaks off', async () => {
    const page: Reply = (_, response) => { response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>Welcome</html>'); };
    expect(await ask('zone list', { 'GET /v1/zones': page })).toEqual({ code: 1, out: '', err: 'vmdns: the answer was 200 and not from vmdns\n  is VMDNS_URL right?\n' });
    await door?.close();
    const cut: Reply = (_, response) => { response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '100' }); response.write('{"items"', () => { response.destroy(); }); };
    expect(await ask('zone list', { 'GET /v1/zones': cut })).toMatchObject({ code: 3, err: expect.stringContaining('broke off') });
  });
  it.each([['nonsense'], ['vm put'], ['zone add example.com'], ['pause --all --zone z1'], ['vm put vm1 --version seven'], ['vm put vm1 --bogus']])('calls "%s" wrong usage', async (words) => {
    const ran = await ask(words, {});
    expect(ran.code).toBe(2);
    expect(ran.err).not.toBe('');
  });
  it('helps', async () => {
    const ran = await runCommand(['vm', 'put', '--help'], {});
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('--ip <address>');
  });
});

describe('plan', () => {
  const plan = { facts: [{ vmId: 'vm1', outcome: 'accepted' }], changes: [], refusals: [], holds: [], more: 0, added: 1, changed: 0, removed: 0, held: 0, text: 'example.com. (powerdns)\n  + vm1.example.com. 300 A 192.0.2.10\n1 added, 0 changed, 0 removed.' };
  const facts = [{ vmId: 'vm1', fqdn: 'vm1.example.com', addresses: [{ ip: '192.0.2.10' }] }];
  it('shows what facts would do, as text or JSON; a single fact is a list of one', async () => {
    const ran = await ask('plan -f -', { 'POST /v1/plans': { body: plan } }, { typed: JSON.stringify(facts) });
    expect(ran).toEqual({ code: 0, out: `${plan.text}\n`, err: '' });
    expect(door?.heard[0]?.body).toEqual({ facts });
    expect(JSON.parse((await ask('plan -f - --json', { 'POST /v1/plans': { body: plan } }, { typed: JSON.stringify(facts[0]) })).out)).toEqual(plan);
    expect(door?.heard[0]?.body).toEqual({ facts });
    await ask('plan -f - --source cloud-a', { 'POST /v1/plans': { body: plan } }, { typed: JSON.stringify(facts) });
    expect(door?.heard[0]?.body).toEqual({ source: 'cloud-a', facts });
  });
  it('exits 1 where a fact would be refused, and 2 where the file is none', async () => {
    const refused = { ...plan, facts: [{ vmId: 'vm1', outcome: 'refused', text: 'x' }] };
    expect((await ask('plan -f -', { 'POST /v1/plans': { body: refused } }, { typed: JSON.stringify(facts) })).code).toBe(1);
    expect(await ask('plan -f -', {}, { typed: '{' })).toMatchObject({ code: 2, err: expect.stringContaining('is not JSON') });
  });
});

describe('source snapshot', () => {
  const report = { source: 'cloud-a', lines: 2, stored: 1, known: 1, missing: 0, deleted: 0, held: 0, kept: 0, isKeptBack: false, faults: [{ line: 2, vmId: 'b', message: 'addresses[0].ip: no' }], moreFaults: 0, text: 'cloud-a: 2 VMs listed; 1 stored, 1 known already.' };
  const took = (bodies: string[]): Reply => (heard, response) => { bodies.push(String(heard.body)); response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(report)); };
  it('sends the list as it is, and tells faults by line; a list that is complete without saying so gets its last line', async () => {
    const bodies: string[] = [];
    const ran = await ask('source snapshot cloud-a -', { 'POST /v1/sources/cloud-a/snapshot': took(bodies) }, { typed: '{"vmId":"a"}\n{"end":true,"count":1}\n' });
    expect(ran).toEqual({ code: 1, out: 'line 2 (b): addresses[0].ip: no\ncloud-a: 2 VMs listed; 1 stored, 1 known already.\n', err: '' });
    await ask('source snapshot cloud-a - --complete', { 'POST /v1/sources/cloud-a/snapshot': took(bodies) }, { typed: '{"vmId":"a"}\n\n{"vmId":"b"}' });
    expect(bodies).toEqual(['{"vmId":"a"}\n{"end":true,"count":1}\n', '{"vmId":"a"}\n{"vmId":"b"}\n{"end":true,"count":2}\n']);
    expect(await ask('source snapshot cloud-a .', {}, { folder: tmpdir() })).toEqual({ code: 2, out: '', err: 'vmdns: . cannot be read\n' });
  });
});

describe('deadletter', () => {
  const id = '0b6f3a0e-6a0b-4a53-9d2b-2f1f5d3c7a11';
  const letter = { id, at: '2026-11-21T12:00:00.000Z', service: 'inventory', subject: 'vmdns.ingest.vm', reason: 'odd: is no field of this message', state: 'open' };
  it('lists what was put aside, shows one, and tells it once more, mended', async () => {
    expect((await ask('deadletter list', { 'GET /v1/deadletters': { body: { items: [letter] } } })).out).toContain(`${id}  2026-11-21 12:00:00  inventory  vmdns.ingest.vm  odd: is no field of this message`);
    expect(door?.heard[0]?.call).toContain('state=open');
    const shown = { ...letter, payload: '{"odd":1}', headers: { traceparent: 't' }, isCut: false, isReplayable: true };
    expect((await ask(`deadletter show ${id}`, { [`GET /v1/deadletters/${id}`]: { body: shown } })).out.split('\n')).toEqual([
      'vmdns.ingest.vm at 2026-11-21 12:00:00, not taken by inventory: odd: is no field of this message', '  {"odd":1}', '  traceparent: t',
      `vmdns deadletter replay ${id}   or, mended:   vmdns deadletter replay ${id} --file mended.json`, '',
    ]);
    const replay = { [`POST /v1/deadletters/${id}/replay`]: { body: stored } };
    expect((await ask(`deadletter replay ${id} --file -`, replay, { typed: '{"id":"1"}' })).out).toBe('vm1: the fact is stored as revision 3.\n');
    expect(door?.heard[0]?.body).toEqual({ payload: { id: '1' } });
    await ask(`deadletter replay ${id}`, replay);
    expect(door?.heard[0]?.body).toBeUndefined();
  });
});

describe('tenant limit', () => {
  const tenant = (domains: string[] | null, ranges: string[] | null) => ({ tenant: 'acme', limits: { domains, ranges } });
  it('changes what is said and leaves the rest', async () => {
    const ran = await ask('tenant limit acme --domain acme.example --domain acme.test', { 'GET /v1/tenants/acme': { body: tenant(null, ['192.0.2.0/24']) }, 'PUT /v1/tenants/acme/limits': { body: tenant(['acme.example.', 'acme.test.'], ['192.0.2.0/24']) } });
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining('acme    acme.example. acme.test.  192.0.2.0/24') });
    expect(door?.heard[1]?.body).toEqual({ domains: ['acme.example', 'acme.test'], ranges: ['192.0.2.0/24'] });
    expect((await ask('tenant limit acme', {})).code).toBe(2);
  });
});
