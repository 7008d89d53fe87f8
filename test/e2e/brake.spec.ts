import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ROOT, startStack, until, type Stack } from '../support/index.js';
import type { FactAnswer, Hold } from '@vmdns/contracts';
import { accepted } from './accepted.js';
import { BusPublisher } from './bus-publisher.js';

// The brake on deletions by one source (L13), decided by API and by the vmdns command; and the nightly re-publish (L12).

// Longer than any wait in here, so that a failure says what was waited for.
jest.setTimeout(200_000);

let stack: Stack;
let bus: BusPublisher;
beforeAll(async () => {
  stack = await startStack();
  // The brake of the source is tried here, not the one of the zones.
  const limits = { removalShare: 1, removalCount: 100_000 };
  await stack.addZone('brake.test', { entry: { limits } });
  await stack.addZone('113.0.203.in-addr.arpa', { entry: { limits } });
  bus = await BusPublisher.at(stack);
}, 120_000);
afterAll(async () => {
  await bus?.close();
  await stack?.stop();
});

/** `vmdns … --json`, as a person types it. */
async function vmdns(...words: readonly string[]): Promise<{ readonly code: number; readonly json: unknown; readonly text: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'services/cli/dist/main.js'), ...words], {
    cwd: stack.folder, env: { PATH: process.env['PATH'] ?? '', VMDNS_URL: stack.gateway.url, VMDNS_TOKEN: stack.token }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part: string) => { text += part; });
  const code = await new Promise<number>((resolve, reject) => { child.once('error', reject); child.once('close', (end) => resolve(end ?? -1)); });
  return { code, json: words.includes('--json') && code === 0 ? JSON.parse(text) as unknown : undefined, text };
}

interface Outcome { readonly status: number; readonly answer: FactAnswer }
/** One batch of events by one source; what was answered, in their order. */
async function say(source: string, type: string, all: readonly { readonly vmId: string }[]): Promise<readonly Outcome[]> {
  const body = all.map((data) => ({ specversion: '1.0', id: `${type} ${data.vmId}`, source, type, data }));
  const answer = await accepted(() => stack.gateway.ask('POST', '/v1/events', { body, headers: { 'content-type': 'application/cloudevents-batch+json' } }));
  return answer.body as readonly Outcome[];
}

const idsOf = (source: string, count: number): readonly string[] => Array.from({ length: count }, (_, i) => `${source}-${String(i).padStart(3, '0')}`);
const facts = (ids: readonly string[]) => ids.map((vmId, i) => ({ vmId, fqdn: `${vmId}.brake.test`, addresses: [{ ip: `10.${i >> 8}.${i & 255}.1` }] }));
/** Names of one source that the zone holds. */
const names = async (source: string): Promise<readonly string[]> => (await stack.powerdns.rrsets('brake.test.')).filter((rrset) => rrset.type === 'A' && rrset.name.startsWith(`${source}-`)).map((rrset) => rrset.name);
const count = (source: string, is: number): Promise<boolean> => until(async () => (await names(source)).length === is, { withinMs: 40_000, what: `${is} records of ${source}` });

/** 60 VMs of a source, created and then deleted at once. */
async function deletesSixty(source: string): Promise<{ readonly ids: readonly string[]; readonly held: readonly string[]; readonly hold: Hold }> {
  const ids = idsOf(source, 60);
  await say(source, 'vmdns.vm.changed.v1', facts(ids));
  await count(source, 60);
  const outcomes = await say(source, 'vmdns.vm.deleted.v1', ids.map((vmId) => ({ vmId })));
  const held = outcomes.filter((outcome) => outcome.answer.reason === 'held').map((outcome) => outcome.answer.vmId);
  expect([outcomes.every((outcome) => outcome.status === 202), held.length]).toEqual([true, 10]);
  await count(source, 10);
  const hold = (await stack.gateway.holds('open')).items.find((one) => one.scope === source);
  expect(hold).toMatchObject({ service: 'inventory', kind: 'vm-deletions', state: 'open', members: 10 });
  if (hold === undefined) throw new Error('no hold');
  return { ids, held, hold };
}

describe('more deletions by one source than may go unasked', () => {
  it('L13 of 60 deletions 50 go and 10 wait; listed, shown as text and approved by the command', async () => {
    const { held, hold } = await deletesSixty('runaway');
    expect(hold.text).toMatch(/10 deletions of VMs by runaway wait for a person/);
    expect(await stack.gateway.getVm(held[0] ?? '')).toMatchObject({ deleted: false, holdId: hold.holdId });
    // Another source is not braked by it, nor is anything else of this one.
    await say('calm', 'vmdns.vm.changed.v1', facts(idsOf('calm', 1)));
    await count('calm', 1);
    expect((await say('calm', 'vmdns.vm.deleted.v1', [{ vmId: 'calm-000' }]))[0]?.answer).toMatchObject({ accepted: true });
    await count('calm', 0);
    expect((await say('runaway', 'vmdns.vm.changed.v1', facts(['runaway-new'])))[0]?.status).toBe(202);
    await count('runaway', 11);

    const list = await vmdns('hold', 'list', '--json');
    expect([list.code, list.json]).toMatchObject([0, { items: [{ holdId: hold.holdId, members: 10 }] }]);
    const shown = await vmdns('hold', 'show', hold.holdId);
    expect([shown.code, held.every((vmId) => shown.text.includes(vmId))]).toEqual([0, true]);
    const approved = await vmdns('hold', 'approve', hold.holdId, '--json');
    expect([approved.code, approved.json]).toMatchObject([0, { released: 10, changed: [], hold: { state: 'approved', decidedBy: 'admin' } }]);
    await count('runaway', 1);
    for (const vmId of held) await stack.gateway.reaches(vmId, 2, (dns) => dns.state === 'gone', 'gone', 40_000);
    const late = await vmdns('hold', 'reject', hold.holdId);
    expect([late.code === 0, late.text]).toEqual([false, expect.stringContaining('approved')]);
  });

  it('L13 rejected by the API: what waited is kept, and is not held again by the same fact', async () => {
    const { held, hold } = await deletesSixty('panic');
    expect(await stack.gateway.decide(hold.holdId, 'reject')).toMatchObject({ released: 0, hold: { state: 'rejected' } });
    expect(await names('panic')).toHaveLength(10);
    expect((await stack.gateway.getVm(held[0] ?? '')).deleted).toBe(false);
    const [first = ''] = held;
    const again = await say('panic', 'vmdns.vm.deleted.v1', [{ vmId: first }]);
    expect(again[0]?.answer).toMatchObject({ accepted: false, reason: 'repeat' });
    expect((await stack.gateway.holds('open')).items).toEqual([]);
    // It lives on as before.
    await say('panic', 'vmdns.vm.changed.v1', facts([first]).map((fact) => ({ ...fact, addresses: [{ ip: '10.99.0.1' }] })));
    await until(async () => (await stack.dns(`${first}.brake.test`, 'A')).values[0] === '10.99.0.1', { withinMs: 40_000, what: 'the kept VM to go on' });
  });

  it('L13 deletions by calls and over the bus are braked alike', async () => {
    const ids = idsOf('caller', 52);
    for (const vmId of ids) await accepted(() => stack.gateway.ask('PUT', `/v1/vms/${vmId}`, { body: { fqdn: `${vmId}.brake.test`, addresses: [{ ip: '192.0.2.1' }] } }));
    await count('caller', 52);
    const answers: FactAnswer[] = [];
    for (const vmId of ids) answers.push((await accepted(() => stack.gateway.ask('DELETE', `/v1/vms/${vmId}`))).body as FactAnswer);
    expect(answers.filter((answer) => answer.reason === 'held').length).toBeGreaterThanOrEqual(2);
    const onBus = idsOf('bus', 52);
    await say('bus', 'vmdns.vm.changed.v1', facts(onBus));
    await count('bus', 52);
    for (const vmId of onBus) await bus.say({ specversion: '1.0', id: vmId, source: 'bus', type: 'vmdns.vm.deleted.v1', data: { vmId } });
    await count('bus', 2);
    const open = (await stack.gateway.holds('open')).items;
    expect(open.map((hold) => hold.scope).sort()).toEqual(['bus', 'http:admin']);
    for (const hold of open) await stack.gateway.decide(hold.holdId, 'approve');
    await count('bus', 0);
    await count('caller', 0);
  });

  it('who may not decide is refused, and an unknown hold is not found', async () => {
    const made = await stack.gateway.ask('POST', '/v1/tokens', { body: { name: 'looker', role: 'viewer' } });
    const looker = stack.gateway.as((made.body as { readonly token: string }).token);
    const { items } = await stack.gateway.holds('approved');
    expect((await looker.ask('POST', `/v1/holds/${items[0]?.holdId ?? ''}/reject`)).status).toBe(403);
    expect((await stack.gateway.ask('POST', '/v1/holds/vmh-000000000000/approve')).status).toBe(404);
  });
});

describe('the nightly re-publish', () => {
  it('L12 of several hundred unchanged VMs: no event, no command, no write, no serial and no row moved', async () => {
    const ids = idsOf('nightly', 300);
    const all = ids.map((vmId, i) => ({ vmId, fqdn: `${vmId}.brake.test`, version: 1, addresses: [{ ip: `203.0.113.${i % 250}` }, { ip: `2001:db8::${i}` }], labels: { rack: 'a' } }));
    await say('nightly', 'vmdns.vm.changed.v1', all);
    await until(async () => (await stack.powerdns.rrsets('brake.test.')).filter((rrset) => rrset.name.startsWith('nightly-')).length === 600, { withinMs: 60_000, what: '600 records' });
    for (const vmId of ids.slice(-3)) await stack.gateway.reaches(vmId, 1, (dns) => dns.live, 'live', 40_000);
    await until(async () => (await stack.database.query('select 1 from planner.name where settled_generation < generation limit 1')).length === 0, { withinMs: 60_000, what: 'everything to settle' });
    const state = async () => ({
      streams: [await bus.countOf('EVENT'), await bus.countOf('COMMAND'), await bus.countOf('RESULT')],
      serials: [await stack.powerdns.serial('brake.test.'), await stack.powerdns.serial('113.0.203.in-addr.arpa.')],
      writes: stack.proxy.writes.length,
      vms: await stack.database.query('select md5(string_agg(v::text, chr(10) order by vm_id)) as sum from inventory.vm v'),
      names: await stack.database.query('select md5(string_agg(n::text, chr(10) order by zone_id, owner_name)) as sum from planner.name n'),
    });
    const before = await state();
    const structured = await say('nightly', 'vmdns.vm.changed.v1', all);
    expect(structured.map((outcome) => [outcome.status, outcome.answer.accepted, outcome.answer.reason])).toEqual(ids.map(() => [200, false, 'repeat']));
    await Promise.all(all.map((data) => bus.say({ specversion: '1.0', id: `again ${data.vmId}`, source: 'nightly', type: 'vmdns.vm.changed.v1', data })));
    await bus.taken();
    const calls = await Promise.all(all.slice(0, 40).map(({ vmId, ...fact }) => accepted(() => stack.gateway.ask('PUT', `/v1/vms/${vmId}`, { body: { ...fact, version: undefined } }))));
    expect(calls.map((answer) => (answer.body as FactAnswer).reason)).toEqual(calls.map(() => 'repeat'));
    expect(await state()).toEqual(before);
  });
});
