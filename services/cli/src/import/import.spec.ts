import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { CloudEvent } from '@vmdns/contracts';
import { runCommand, ScriptedDoor, type Ran, type Reply } from '../../testing/scripted-door.js';
import { readCsv } from './csv.js';
import type { Found } from './found.js';
import { readNdjson } from './ndjson.js';
import { readPuq } from './puq.js';

const facts = ({ vms }: Found) => vms.map(({ vmId, fact }) => ({ vmId, ...fact }));
const faults = ({ faults: list }: Found) => list.map(({ line, vmId, what }) => `${line}${vmId === undefined ? '' : ` ${vmId}`}: ${what}`);

describe("PUQ's list", () => {
  it('makes a VM of each forward name; a reverse name of its own is a PTR, the same name is the default', () => {
    const found = readPuq(JSON.stringify([
      { forward: 'Vm1.example.com', ip: '192.0.2.1', reverse: 'vm1.example.com' }, { forward: 'vm2.example.com', ip: '192.0.2.2', reverse: 'mail.example.net' },
      { forward: 'vm1.example.com', ip: '2001:db8::1', reverse: 'vm1.example.com' }, { forward: 'vm1.example.com', ip: '192.0.2.1', reverse: 'vm1.example.com' },
    ]));
    expect(facts(found)).toEqual([
      { vmId: 'vm1.example.com', fqdn: 'vm1.example.com', addresses: [{ ip: '192.0.2.1', forward: true, ptr: null }, { ip: '2001:db8::1', forward: true, ptr: null }] },
      { vmId: 'vm2.example.com', fqdn: 'vm2.example.com', addresses: [{ ip: '192.0.2.2', forward: true, ptr: 'mail.example.net' }] },
    ]);
  });
  it('tells what is wrong by line, and leaves a VM out whole', () => {
    const found = readPuq('[\n {"forward":"vm1.example.com","ip":"192.0.2.1","reverse":"vm1.example.com"},\n {"forward":"vm1.example.com","ip":"192.0.2.256","reverse":"vm1.example.com"},\n {"forward":"vm,[\\"2.example.com","ip":"192.0.2.3","reverse":""},\n {"ip":"192.0.2.4"},\n {"forward":"vm5.example.com",\n"ip":"192.0.2.1","reverse":""}]');
    expect(facts(found).map(({ vmId }) => vmId)).toEqual(['vm5.example.com']);
    expect(faults(found)).toEqual([
      '2 vm1.example.com: left out: line 3, of the same VM, has a fault',
      expect.stringMatching(/^3 vm1\.example\.com: ip: '192\.0\.2\.256'/),
      expect.stringMatching(/^4 vm,\["2\.example\.com: vmId: must be/), '5: entry 4: forward: is required',
    ]);
  });
  it.each([['a page', '<html>'], ['no list', '{"error":"denied"}']])('that is %s is refused as a whole', (_, text) => {
    expect(() => readPuq(text)).toThrow('this is not the list of dns.php');
  });
});

describe('a table', () => {
  it('has a row for each address; what is of the VM may stand on its first row alone', () => {
    const found = readCsv('\uFEFFvmId;FQDN;ip;ptr;forward;version;tenant;label.rack\r\nvm-1;vm1.example.com;192.0.2.1;;;7;acme;"b;2"\r\nvm-1;;192.0.2.2;"mail.example.net";yes;;;\r\n\r\nvm-2;"vm2.example.com";;;;;;\r\n');
    expect(facts(found)).toEqual([
      { vmId: 'vm-1', fqdn: 'vm1.example.com', tenant: 'acme', version: 7, labels: { rack: 'b;2' }, addresses: [{ ip: '192.0.2.1', ptr: null }, { ip: '192.0.2.2', ptr: 'mail.example.net', forward: true }] },
      { vmId: 'vm-2', fqdn: 'vm2.example.com', addresses: [] },
    ]);
  });
  it('without vmId goes by fqdn, and without a column ptr leaves the PTRs untouched', () => {
    expect(facts(readCsv('fqdn,ip\nvm1.example.com,192.0.2.1\n'))).toEqual([{ vmId: 'vm1.example.com', fqdn: 'vm1.example.com', addresses: [{ ip: '192.0.2.1' }] }]);
  });
  it('tells every fault by the line where it stands, also behind a quoted line break', () => {
    const found = readCsv('vmId,fqdn,ip,forward,version\nvm-1,"vm1\n.example.com",192.0.2.1,,\nvm-2,vm2.example.com,192.0.2.2,perhaps,x\nvm-2,other.example.com,192.0.2.3,,\n,vm3.example.com,192.0.2.4,,\nvm-4,vm4.example.com,192.0.2.5,,,9\nvm-5,vm5.example.com,192.0.2.6,,\nvm-5,,192.0.2.6,,\n');
    expect(facts(found)).toEqual([]);
    expect(faults(found)).toEqual([
      expect.stringMatching(/^2 vm-1: fqdn: /),
      '4 vm-2: version: must be a whole number', '4 vm-2: forward: must be true or false', expect.stringMatching(/^4 vm-2: version: /),
      '5 vm-2: fqdn: is another than at line 4 of the same VM', '6: vmId: is required', '7 vm-4: has 6 fields, and the heading 5: is a quote missing?',
      '8 vm-5: left out: line 9, of the same VM, has a fault', '9 vm-5: ip: 192.0.2.6 is already given at line 8',
    ]);
  });
  it.each([['an unknown column', 'vmId,adress\n'], ['no id', 'ip,ptr\n'], ['a column twice', 'vmId,ip,ip\n'], ['nothing', '']])('with %s in its heading is refused as a whole', (_, text) => {
    expect(() => readCsv(text)).toThrow(/heading|empty/);
  });
});

describe('one VM a line', () => {
  it('is the fact with its vmId; the same line twice is one', () => {
    const line = '{"vmId":"vm-1","fqdn":"vm1.example.com","addresses":[{"ip":"192.0.2.1","ptr":null}]}';
    expect(facts(readNdjson(`${line}\n\n${line}\r\n`))).toEqual([JSON.parse(line)]);
  });
  it('tells faults by line; of a VM that is said in two ways neither is taken', () => {
    const found = readNdjson('{"vmId":"a","addresses":[]}\nnonsense\n[]\n{"addresses":[]}\n{"vmId":"a","addresses":[{"ip":"192.0.2.1"}]}\n{"vmId":"b","addresses":[{"ip":"192.0.2.2"},{"ip":"127.0.0.1","colour":1}]}\n{"vmId":"c","addresses":[{"ip":"192.0.2.3"}]}\n{"vmId":"d","addresses":[{"ip":"192.0.2.3"}]}');
    expect(facts(found).map(({ vmId }) => vmId)).toEqual(['c', 'd']);
    expect(faults(found)).toEqual([
      '1 a: left out: line 5, of the same VM, has a fault', '2: is not JSON: one VM a line, without line breaks inside', '3: must be an object {"vmId": …, "addresses": […]}', '4: vmId: is required',
      '5 a: a was said otherwise at line 1: one line a VM', '6 b: colour: unknown field',
    ]);
    expect(found.notes).toEqual([{ line: 8, vmId: 'd', what: '192.0.2.3 also stands at line 7 (c): only one of both gets its PTR' }]);
  });
});

describe('vmdns import', () => {
  let door: ScriptedDoor | undefined;
  afterEach(async () => { await door?.close(); door = undefined; });
  const folder = mkdtempSync(join(tmpdir(), 'vmdns-import-'));
  async function run(words: readonly string[], script: Record<string, Reply | Reply[]>, file: readonly [string, string] = ['vms.ndjson', '']): Promise<Ran> {
    writeFileSync(join(folder, file[0]), file[1]);
    door = await new ScriptedDoor(script).open();
    return runCommand(words.map((word) => word.replace('USER@DOOR', (door?.url ?? '').replace('//', '//reader:p%40ss%2F1@')).replace('DOOR', door?.url ?? '')), { folder, environment: { VMDNS_URL: door.url, VMDNS_TOKEN: 'token-of-a-test' } });
  }
  const line = (n: number) => JSON.stringify({ vmId: `vm-${n}`, addresses: [{ ip: `192.0.2.${n}` }] });
  const outcome = (status: number, more: object) => ({ status, answer: { vmId: 'x', accepted: status === 202, revision: 1, ...more } });

  it('tells them as events of one source in one batch, and says by line what was not taken', async () => {
    const problem = { type: 'about:blank', status: 403, code: 'forbidden', title: 'No', detail: 'This VM belongs to another tenant.' };
    const ran = await run(['import', 'ndjson', 'vms.ndjson', '--tenant', 'acme', '--source', 'old-panel'], {
      'POST /v1/events': { status: 207, body: [outcome(202, {}), outcome(200, { reason: 'repeat' }), { status: 403, problem }, outcome(200, { reason: 'stale', text: 'the VM was deleted' })] },
    }, ['vms.ndjson', [1, 2, 3, 4].map(line).join('\n')]);
    expect(ran).toEqual({ code: 1, out: 'line 3 (vm-3): This VM belongs to another tenant.\nline 4 (vm-4): the VM was deleted\nvms.ndjson: 1 VMs stored, 1 known already, 2 left out.\n', err: '' });
    const [event] = door?.heard[0]?.body as CloudEvent[];
    expect(event).toMatchObject({ specversion: '1.0', type: 'vmdns.vm.changed.v1', source: 'old-panel', time: '2026-11-21T12:00:00.000Z', data: { vmId: 'vm-1', tenant: 'acme', addresses: [{ ip: '192.0.2.1' }] } });
  });
  it('sends again what could not be stored at the moment, and only that', async () => {
    const busy = { status: 503, problem: { type: 'about:blank', status: 503, code: 'unavailable', title: 'later' } };
    const ran = await run(['import', 'ndjson', 'vms.ndjson'], {
      'POST /v1/events': [{ status: 503, body: busy.problem }, { status: 207, body: [outcome(202, {}), busy] }, { status: 202, body: [outcome(202, {})] }],
    }, ['vms.ndjson', [1, 2].map(line).join('\n')]);
    expect([ran.code, ran.out]).toEqual([0, 'vms.ndjson: 2 VMs stored, 0 known already, 0 left out.\n']);
    expect(door?.heard.map(({ body }) => (body as CloudEvent<{ vmId: string }>[]).map((event) => event.data.vmId))).toEqual([['vm-1', 'vm-2'], ['vm-1', 'vm-2'], ['vm-2']]);
  });
  it('--dry-run asks for the plan and tells nothing', async () => {
    const plan = { facts: [{ vmId: 'vm-1', outcome: 'accepted' }, { vmId: 'vm-2', outcome: 'ignored', reason: 'repeat' }], changes: [], refusals: [], holds: [], more: 0, added: 2, changed: 1, removed: 0, held: 0, text: 'example.com. (powerdns)\n  + one' };
    const ran = await run(['import', 'ndjson', 'vms.ndjson', '--dry-run', '--plan'], { 'POST /v1/plans': { body: plan } }, ['vms.ndjson', [1, 2].map(line).join('\n')]);
    expect(ran).toEqual({ code: 0, out: 'example.com. (powerdns)\n  + one\nvms.ndjson: 1 VMs would be stored, 1 are known already, 0 would be left out. Nothing was done.\nDNS: 2 RRsets added, 1 changed, 0 removed.\n', err: '' });
    expect(door?.heard.map(({ call }) => call)).toEqual(['POST /v1/plans']);
  });
  it("reads PUQ's list from its URL, and does nothing where that answers anything but the list", async () => {
    const list = [{ forward: 'vm1.example.com', ip: '192.0.2.1', reverse: 'vm1.example.com' }];
    const ran = await run(['import', 'puq', 'DOOR/dns.php', '--json'], { 'GET /dns.php': { body: list }, 'POST /v1/events': { status: 202, body: [outcome(202, {})] } });
    expect(JSON.parse(ran.out)).toMatchObject({ source: 'import', dryRun: false, vms: 1, stored: 1, known: 0, leftOut: 0, faults: [] });
    await door?.close();
    expect(await run(['import', 'puq', 'DOOR/dns.php?key=secret'], { 'GET /dns.php': { status: 403, body: {} } })).toMatchObject({ code: 1, err: expect.not.stringContaining('secret') });
    await door?.close();
    const signedIn = await run(['import', 'puq', 'USER@DOOR/dns.php'], { 'GET /dns.php': { body: list }, 'POST /v1/events': { status: 202, body: [outcome(202, {})] } });
    expect([signedIn.code, signedIn.out, door?.heard[0]?.token]).toEqual([0, expect.not.stringContaining('p@ss'), `Basic ${Buffer.from('reader:p@ss/1').toString('base64')}`]);
    await door?.close();
    expect(await run(['import', 'puq', 'DOOR/dns.php'], { 'GET /dns.php': { body: [] } })).toMatchObject({ code: 1, err: expect.stringContaining('the list is empty; nothing was done') });
  });
});
