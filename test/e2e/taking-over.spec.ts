import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Zone } from '@vmdns/contracts';
import { childEnv, newFolder, ROOT, startStack, until, type Stack } from '../support/index.js';

// A living zone is taken over, compared, put right, and handed back.

// Longer than any wait in here, so that a failure says what was waited for.
jest.setTimeout(200_000);

let stack: Stack;
// A backend that keeps comments: LMDB does not.
beforeAll(async () => { stack = await startStack({ powerdns: { backend: 'gpgsql' }, env: { inventory: { SNAPSHOT_APART_SECONDS: '0' } } }); await stack.connect(); }, 120_000);
afterAll(() => stack?.stop());

type Set = Awaited<ReturnType<Stack['powerdns']['rrsets']>>[number];
const served = async (apex: string): Promise<readonly Set[]> => (await stack.powerdns.rrsets(`${apex}.`)).filter((rrset) => rrset.type !== 'SOA');
const serial = async (apex: string): Promise<string | undefined> => (await stack.powerdns.rrsets(`${apex}.`)).find((rrset) => rrset.type === 'SOA')?.records[0]?.content;
const a = (name: string, ip: string, ttl = 300) => ({ name: `${name}.`, type: 'A', ttl, records: [{ content: ip, disabled: false }] });
const answers = async (name: string): Promise<readonly string[]> => (await stack.dns(name, 'A')).values;
/** The command as people type it. */
const vmdns = async (...words: readonly string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, [join(ROOT, 'services/cli/bin/vmdns.mjs'), ...words], { env: { ...childEnv(), VMDNS_URL: stack.gateway.url, VMDNS_TOKEN: stack.token } })).stdout;
const patched = (apex: string): number => stack.proxy.patchesOf(`${apex}.`).length;

/** A zone that somebody kept by hand: one record is as a VM wants it, one is otherwise and has a comment, others are nobody's. */
async function livingZone(apex: string): Promise<Zone> {
  await stack.powerdns.createZone(`${apex}.`, { apiRectify: false });
  await stack.powerdns.putRrsets(`${apex}.`, [
    a(`same.${apex}`, '192.0.2.1'), { ...a(`other.${apex}`, '203.0.113.2', 60), comments: [{ content: 'rack 7', account: 'bob' }] } as never, a(`hand.${apex}`, '203.0.113.9', 60),
    { name: `other.${apex}.`, type: 'MX', ttl: 60, records: [{ content: `10 mail.${apex}.`, disabled: false }] },
  ]);
  const zone = await stack.gateway.addZone({ name: `${apex}.`, connectionId: (await stack.gateway.connections()).items[0]?.id ?? '', mode: 'observe' });
  await stack.gateway.putVm(`${apex}-1`, { fqdn: `same.${apex}`, addresses: [{ ip: '192.0.2.1' }] });
  await stack.gateway.putVm(`${apex}-2`, { fqdn: `other.${apex}`, addresses: [{ ip: '192.0.2.2' }] });
  await stack.gateway.putVm(`${apex}-3`, { fqdn: `new.${apex}`, addresses: [{ ip: '192.0.2.3' }] });
  for (const i of [1, 2, 3]) await stack.gateway.reaches(`${apex}-${i}`, 1, (dns) => dns.records.some((record) => record.zone !== null && record.state !== 'pending'), 'looked at', 40_000);
  return zone;
}

describe('taking over a living zone', () => {
  it('observe tells what is equal, different, foreign and missing, and writes nothing; adopting takes the equal without a write', async () => {
    const zone = await livingZone('living.test');
    const before = [await served('living.test'), await serial('living.test')];
    const drift = await stack.gateway.reconcile(zone.id);
    expect(drift).toMatchObject({ mode: 'observe', state: 'compared', counts: { equal: 1, adoptable: 1, differs: 1, missing: 1, orphans: 0, repaired: 0 } });
    expect(drift.items.find((entry) => entry.kind === 'differs')).toEqual({
      kind: 'differs', name: 'other.living.test.', type: 'A', ours: false, wanted: { ttl: 300, values: ['192.0.2.2'] }, held: { ttl: 60, values: ['203.0.113.2'], remarks: { comments: ['rack 7'] } },
    });
    expect(await stack.gateway.adopt(zone.id, { dryRun: true, different: 'all' })).toMatchObject({ dryRun: true, equal: 1, different: 1, left: 0 });
    expect(await stack.gateway.adopt(zone.id)).toMatchObject({ dryRun: false, equal: 1, different: 0, left: 1 });
    await until(async () => (await stack.gateway.reconcile(zone.id)).counts?.adoptable === 0, { withinMs: 40_000, everyMs: 500, what: 'the equal one to be ours' });
    expect([await served('living.test'), await serial('living.test'), patched('living.test')]).toEqual([...before, 0]);

    await stack.gateway.changeZone(zone.id, { mode: 'write' });
    await until(async () => (await answers('new.living.test')).length === 1, { withinMs: 40_000, what: 'what was missing to be written' });
    await stack.gateway.reaches('living.test-2', 1, (dns) => dns.records.some((record) => record.reason?.code === 'foreign-record'), 'refused', 40_000);
    expect(await answers('other.living.test')).toEqual(['203.0.113.2']);
    // The equal one is ours: a change of it goes through.
    await stack.gateway.publish('living.test-1', { fqdn: 'same.living.test', addresses: [{ ip: '192.0.2.11' }] }, 40_000);
    expect(await answers('same.living.test')).toEqual(['192.0.2.11']);

    await stack.gateway.hand('adopt', 'other.living.test');
    await stack.gateway.reaches('living.test-2', 1, (dns) => dns.state === 'live', 'live', 40_000);
    expect(await answers('other.living.test')).toEqual(['192.0.2.2']);
    const now = await served('living.test');
    expect(now.find((rrset) => rrset.name === 'other.living.test.' && rrset.type === 'A')).toMatchObject({ comments: [{ content: 'rack 7' }] });
    expect(now.find((rrset) => rrset.type === 'MX')?.records).toEqual([{ content: '10 mail.living.test.', disabled: false }]);
    expect(await answers('hand.living.test')).toEqual(['203.0.113.9']);
  });

  it('L12 reconciling a zone that is right writes nothing; what somebody broke is put right, what he made stays', async () => {
    const zone = await stack.addZone('drift.test');
    for (const i of [1, 2, 3, 4]) await stack.gateway.publish(`drift-${i}`, { fqdn: `vm-${i}.drift.test`, addresses: [{ ip: `192.0.2.2${i}` }] }, 40_000);
    const [before, calls] = [await serial('drift.test'), patched('drift.test')];
    expect(await stack.gateway.reconcile(zone.id)).toMatchObject({ state: 'compared', counts: { equal: 4, differs: 0, missing: 0, repaired: 0 } });
    expect([await serial('drift.test'), patched('drift.test')]).toEqual([before, calls]);

    await stack.powerdns.putRrsets('drift.test.', [a('vm-1.drift.test', '203.0.113.66'), a('hand.drift.test', '203.0.113.1')]);
    await stack.powerdns.deleteRrset('drift.test.', 'vm-2.drift.test.', 'A');
    expect((await stack.gateway.reconcile(zone.id)).counts).toMatchObject({ equal: 2, differs: 1, missing: 1, repaired: 2 });
    await until(async () => (await answers('vm-1.drift.test'))[0] === '192.0.2.21' && (await answers('vm-2.drift.test'))[0] === '192.0.2.22', { withinMs: 40_000, what: 'both to be right again' });
    expect(await answers('hand.drift.test')).toEqual(['203.0.113.1']);
  });

  it('L2 an unauthorised or broken listing is a fault, and nothing follows from it', async () => {
    const zone = (await stack.gateway.zones('drift.test.')).items[0];
    const fault = stack.proxy.answer((call) => call.method === 'GET' && call.path.includes('/zones/drift.test.'), { status: 401, body: 'Unauthorized' });
    const before = await served('drift.test');
    expect(await stack.gateway.reconcile(zone?.id ?? '')).toMatchObject({ state: 'failed', fault: { code: 'credentials' } });
    fault.remove();
    expect(await served('drift.test')).toEqual(before);
  });

  it('hands off a name until it is given back, and a whole zone', async () => {
    const zone = (await stack.gateway.zones('drift.test.')).items[0];
    await stack.gateway.hand('release', 'vm-3.drift.test');
    const { revision } = await stack.gateway.putVm('drift-3', { fqdn: 'vm-3.drift.test', addresses: [{ ip: '192.0.2.33' }] });
    await stack.gateway.reaches('drift-3', revision, (dns) => dns.records.some((record) => record.reason?.code === 'released'), 'released', 40_000);
    expect(await answers('vm-3.drift.test')).toEqual(['192.0.2.23']);
    await stack.gateway.hand('adopt', 'vm-3.drift.test');
    await stack.gateway.live('drift-3', revision, 40_000);
    expect(await answers('vm-3.drift.test')).toEqual(['192.0.2.33']);

    const before = await served('drift.test');
    expect((await stack.gateway.releaseZone(zone?.id ?? '')).mode).toBe('observe');
    await stack.gateway.deleteVm('drift-4');
    expect((await stack.gateway.reconcile(zone?.id ?? '')).counts?.orphans).toBe(0);
    expect(await served('drift.test')).toEqual(before);
    await stack.gateway.adopt(zone?.id ?? '');
    await until(async () => (await stack.gateway.reconcile(zone?.id ?? '')).counts?.adoptable === 0, { withinMs: 40_000, everyMs: 500, what: 'the equal ones to be ours again' });
    await stack.gateway.changeZone(zone?.id ?? '', { mode: 'write' });
    await stack.gateway.publish('drift-1', { fqdn: 'vm-1.drift.test', addresses: [{ ip: '192.0.2.41' }] }, 40_000);
    expect(await answers('vm-1.drift.test')).toEqual(['192.0.2.41']);
  });

  it('in the written order: 300 VMs that another program kept, observed, frozen, adopted, written, and given back', async () => {
    const count = 300;
    const ip = (i: number): string => `10.20.${i >> 8}.${i & 255}`;
    const reverse = (i: number): string => `${i & 255}.${i >> 8}.20.10.in-addr.arpa`;
    const names = Array.from({ length: count }, (_, at) => at + 1);
    for (const apex of ['left.test', '20.10.in-addr.arpa']) await stack.powerdns.createZone(`${apex}.`, { apiRectify: false });
    // The other program knew three addresses wrong, and did not know the last ten VMs.
    await stack.powerdns.putRrsets('left.test.', names.slice(0, -10).map((i) => a(`vm-${i}.left.test`, i <= 3 ? '10.99.0.1' : ip(i))));
    await stack.powerdns.putRrsets('20.10.in-addr.arpa.', names.slice(0, -10).map((i) => ({ name: `${reverse(i)}.`, type: 'PTR', ttl: 3600, records: [{ content: `vm-${i}.left.test.`, disabled: false }] })));
    await stack.powerdns.putRrsets('left.test.', [a('hand.left.test', '203.0.113.7')]);
    const connectionId = (await stack.gateway.connections()).items[0]?.id ?? '';
    const forward = await stack.gateway.addZone({ name: 'left.test.', connectionId, mode: 'observe' });
    const back = await stack.gateway.addZone({ name: '20.10.in-addr.arpa.', connectionId, mode: 'observe' });
    const list = join(newFolder('puq'), 'dns.json');
    writeFileSync(list, JSON.stringify(names.map((i) => ({ forward: `vm-${i}.left.test`, ip: ip(i), reverse: `vm-${i}.left.test` })), null, 1));
    expect(await vmdns('import', 'puq', list, '--dry-run')).toContain('300 VMs would be stored, 0 are known already, 0 would be left out. Nothing was done.\nDNS: 600 RRsets added, 0 changed, 0 removed.');
    expect(await vmdns('import', 'puq', list)).toContain(' 0 left out.');
    expect(await vmdns('import', 'puq', list)).toContain('0 VMs stored, 300 known already, 0 left out.');
    const looked = await until(async () => { const drift = await stack.gateway.reconcile(forward.id); return (drift.counts?.equal ?? 0) + (drift.counts?.differs ?? 0) + (drift.counts?.missing ?? 0) === count ? drift : undefined; }, { withinMs: 60_000, everyMs: 500, what: 'all names to be compared' });
    expect(looked.counts).toMatchObject({ equal: 287, adoptable: 287, differs: 3, missing: 10, repaired: 0 });
    const before = await Promise.all(['left.test', '20.10.in-addr.arpa'].map(served));

    for (const zone of [forward, back]) {
      await stack.gateway.adopt(zone.id);
      await until(async () => (await stack.gateway.reconcile(zone.id)).counts?.adoptable === 0, { withinMs: 60_000, everyMs: 500, what: `the equal ones of ${zone.name} to be ours` });
    }
    expect([await Promise.all(['left.test', '20.10.in-addr.arpa'].map(served)), patched('left.test'), patched('20.10.in-addr.arpa')]).toEqual([before, 0, 0]);

    for (const zone of [forward, back]) await stack.gateway.changeZone(zone.id, { mode: 'write' });
    await until(async () => (await answers(`vm-${count}.left.test`))[0] === ip(count) && (await stack.dns(reverse(count), 'PTR')).values.length === 1, { withinMs: 60_000, what: 'what was missing to be written' });
    const written = new Set(stack.proxy.patchesOf('left.test.').flatMap((call) => call.names));
    expect([...written].sort()).toEqual(names.slice(-10).map((i) => `vm-${i}.left.test.`).sort());
    const settled = await until(async () => { const { counts } = await stack.gateway.reconcile(forward.id); return counts?.moving === 0 ? counts : undefined; }, { withinMs: 60_000, everyMs: 500, what: 'no name to be on its way' });
    expect(settled).toMatchObject({ equal: 297, adoptable: 0, differs: 3, missing: 0 });

    await stack.gateway.releaseZone(forward.id);
    expect((await stack.gateway.reconcile(forward.id)).counts).toMatchObject({ equal: 297, adoptable: 297 });
    expect(await answers('hand.left.test')).toEqual(['203.0.113.7']);
  });

  it("L2 a source's complete list: what two of them do not have goes, by a stream of 3,000 lines; one that was cut off changes nothing", async () => {
    await stack.addZone('listed.test');
    const file = join(newFolder('list'), 'vms.ndjson');
    const line = (i: number, ip = `10.30.${i >> 8}.${i & 255}`): string => JSON.stringify({ vmId: `listed-${i}`, fqdn: `vm-${i}.listed.test`, addresses: [{ ip }] });
    // Most have no name, so that they cost little.
    const bulk = Array.from({ length: 2997 }, (_, at) => JSON.stringify({ vmId: `bulk-${at}`, addresses: [] }));
    const list = (...lines: readonly string[]): string => [...lines, ...bulk, JSON.stringify({ end: true, count: lines.length + bulk.length })].join('\n');
    const snapshot = async (text: string): Promise<string> => { writeFileSync(file, text); return vmdns('source', 'snapshot', 'cloud-a', file); };
    expect(await snapshot(list(line(1), line(2), line(3)))).toContain('cloud-a: 3000 VMs listed; 3000 stored, 0 known already.');
    await until(async () => (await answers('vm-3.listed.test')).length === 1, { withinMs: 60_000, what: 'the listed to be live' });
    await expect(snapshot(list(line(1), line(2), line(3)).split('\n').slice(0, -1).join('\n'))).rejects.toThrow('no last line');
    expect(await snapshot(list(line(1), line(2, '10.30.9.9')))).toContain('1 stored, 2998 known already. 1 missing for the first time');
    expect(await snapshot(list(line(1), line(2, '10.30.9.9')))).toContain('0 stored, 2999 known already. 1 missing again: deleted.');
    await until(async () => (await answers('vm-3.listed.test')).length === 0 && (await answers('vm-2.listed.test'))[0] === '10.30.9.9', { withinMs: 60_000, what: 'what was missing to go' });
    expect(await answers('vm-1.listed.test')).toEqual(['10.30.0.1']);
  });
});
