import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { run } from '@vmdns/cli';
import type { VmDns } from '@vmdns/contracts';
import { FaultProxy, newFolder, patches, ROOT, until } from '@vmdns/test/support';
import { AllProviders, CHANGES, PROVIDERS, wantedIn, type ProviderOf3, type Trouble } from './all-providers.js';

// One vmdns, three providers at once: PowerDNS itself, Cloudflare and HestiaCP as their fakes over TLS.

// Longer than any wait in here, so that a failure says what was waited for.
jest.setTimeout(300_000);
const PATIENCE_MS = 90_000;

let world: AllProviders;
beforeAll(async () => { world = await AllProviders.start(); }, 150_000);
afterEach(() => Promise.all(PROVIDERS.map((provider) => world?.heal(provider))));
afterAll(() => world?.stop());

const FORWARD = { powerdns: 'p.three.test', cloudflare: 'c.three.test', hestiacp: 'h.three.test' } as const;
const REVERSE = { powerdns: '1.10.in-addr.arpa', cloudflare: '2.10.in-addr.arpa', hestiacp: '3.10.in-addr.arpa' } as const;

interface Vm { readonly vmId: string; readonly forward: ProviderOf3; readonly reverse: ProviderOf3; readonly fqdn: string; readonly ip: (step: number) => string }
/** Every pair of a provider for the name and one for the address. */
const VMS: readonly Vm[] = PROVIDERS.flatMap((forward) => PROVIDERS.map((reverse, at): Vm => ({
  vmId: `${forward}-${reverse}`, forward, reverse, fqdn: `${reverse}.${FORWARD[forward]}`, ip: (step) => `10.${at + 1}.${step}.${PROVIDERS.indexOf(forward) + 1}`,
})));

/** Each VM has another address at each step. */
async function publish(step: number): Promise<void> {
  for (const { vmId, fqdn, ip } of VMS) await world.stack.gateway.putVm(vmId, { fqdn, addresses: [{ ip: ip(step) }] });
}

/** Whether a VM's records at these providers are as wanted: what it has there, and what it no longer has. */
function isInForce(dns: VmDns, vm: Vm, providers: readonly ProviderOf3[], step: number): boolean {
  const there = dns.records.filter((record) => providers.some((provider) => provider === record.provider));
  const wanted = [...providers.includes(vm.forward) ? [vm.ip(step)] : [], ...providers.includes(vm.reverse) ? [`${vm.fqdn}.`] : []];
  return there.every((record) => record.state === 'applied') && wanted.every((value) => there.some((record) => record.values.includes(value)));
}

/** Waits until each VM's records at `providers` are in force, while the others may be in any trouble. */
async function inForceAt(providers: readonly ProviderOf3[], step: number): Promise<void> {
  for (const vm of VMS) await world.stack.gateway.reaches(vm.vmId, step, (dns) => isInForce(dns, vm, providers, step), `in force at ${providers.join(' and ')} in step ${step}`, PATIENCE_MS);
}

/** What each provider holds, read past every API of vmdns, is what inventory says. */
async function allEqual(): Promise<void> {
  const vms = await Promise.all(VMS.map(({ vmId }) => world.stack.gateway.getVm(vmId)));
  for (const provider of PROVIDERS) {
    for (const apex of [FORWARD[provider], REVERSE[provider]]) {
      const wanted = wantedIn(apex, vms);
      expect({ provider, apex, held: await world.held(provider, apex) }).toEqual({ provider, apex, held: wanted });
      for (const line of wanted) {
        const [name = '', type = '', value = ''] = line.split(' ');
        expect([line, await world.answers(provider, apex, name.slice(0, -1), type === 'A' ? 'A' : 'PTR')]).toEqual([line, [value]]);
      }
    }
  }
}

describe('names and addresses spread over three providers', () => {
  let step = 0;
  beforeAll(async () => {
    for (const provider of PROVIDERS) for (const apex of [FORWARD[provider], REVERSE[provider]]) await world.addZone(provider, apex);
  });

  it('each record stands where its zone is', async () => {
    step += 1;
    await publish(step);
    await inForceAt(PROVIDERS, step);
    await allEqual();
  });

  it.each(PROVIDERS)('L8 %s is killed, throttled, and says what is not true: the other two have every change meanwhile; healed, all three are equal', async (bad) => {
    const good = PROVIDERS.filter((provider) => provider !== bad);
    const touched = VMS.filter((vm) => vm.forward === bad || vm.reverse === bad);
    for (const trouble of ['killed', 'throttled', 'lying'] satisfies readonly Trouble[]) {
      const met = await world.trouble(bad, trouble);
      step += 1;
      await publish(step);
      await inForceAt(good, step);
      // L14 nothing that it did not do is live.
      for (const { vmId } of touched) expect([vmId, trouble, (await world.stack.gateway.dns(vmId, { revision: step })).live]).toEqual([vmId, trouble, false]);
      await until(met, { withinMs: PATIENCE_MS, what: `${bad} to be met ${trouble}` });
      await world.heal(bad);
    }
    await inForceAt(PROVIDERS, step);
    await allEqual();
  });
});

describe('two entries of one zone at different providers', () => {
  const PAIR = ['powerdns', 'hestiacp'] as const;
  const everywhere = (): Promise<(readonly string[])[]> => Promise.all(PAIR.map((provider) => world.answers(provider, 'both.test', 'vm.both.test', 'A')));

  it('L8 both get every record; one that is dead neither blocks nor delays the other, and catches up', async () => {
    const { gateway } = world.stack;
    for (const provider of PAIR) await world.addZone(provider, 'both.test');
    await gateway.publish('both', { fqdn: 'vm.both.test', addresses: [{ ip: '192.0.2.1' }] }, PATIENCE_MS);
    expect(await everywhere()).toEqual([['192.0.2.1'], ['192.0.2.1']]);
    for (const [at, dead] of PAIR.entries()) {
      await world.trouble(dead, 'killed');
      const ip = `192.0.2.${10 + at}`;
      const { revision } = await gateway.putVm('both', { fqdn: 'vm.both.test', addresses: [{ ip }] });
      await gateway.reaches('both', revision, (dns) => dns.records.some((record) => record.provider !== dead && record.provider !== null && record.state === 'applied' && record.values.includes(ip)), `at the one that is not ${dead}`, PATIENCE_MS);
      expect([dead, (await gateway.dns('both', { revision })).live]).toEqual([dead, false]);
      await world.heal(dead);
      await gateway.live('both', revision, PATIENCE_MS);
      expect(await everywhere()).toEqual([[ip], [ip]]);
    }
    // HestiaCP keeps the last A record of a zone.
    await gateway.publish('stays', { fqdn: 'stays.both.test', addresses: [{ ip: '192.0.2.99' }] }, PATIENCE_MS);
    const gone = await gateway.deleteVm('both');
    await gateway.reaches('both', gone.revision, (dns) => dns.state === 'gone', 'gone', PATIENCE_MS);
    expect(await everywhere()).toEqual([[], []]);
  });
});

describe('forward at one provider and reverse at another', () => {
  it('as deploy/docs/several-providers.md writes it: every command of the example does what it says', async () => {
    const page = readFileSync(join(ROOT, 'deploy/docs/several-providers.md'), 'utf8');
    const block = /## Forward at one[\s\S]*?```sh\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const { powerdns, hestiacp } = world.settings;
    const ours: readonly (readonly [string, unknown])[] = [
      ['http://ns1.example.net:8081', powerdns['url']], ['192.0.2.53:53', powerdns['dnsServer']],
      ['https://panel.example.net:8083', hestiacp['url']], ['AB:CD:EF', hestiacp['fingerprint']], ['198.51.100.53:53', hestiacp['dnsServer']],
    ];
    const folder = newFolder('example');
    for (const [file, secret] of [['ns1.key', powerdns['apiKey']], ['panel.access', hestiacp['accessKey']], ['panel.secret', hestiacp['secretKey']]]) writeFileSync(join(folder, String(file)), `${String(secret)}\n`, { mode: 0o600 });
    await world.makeZone('powerdns', 'example.com');
    await world.makeZone('hestiacp', '113.0.203.in-addr.arpa');

    const lines = block.trim().split('\n');
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) {
      const words = ours.reduce((text, [theirs, own]) => text.replace(theirs, String(own)), line).split(' ').slice(1);
      const said: string[] = [];
      const out = (): Writable => new Writable({ write: (chunk: Buffer, _, done) => { said.push(String(chunk)); done(); } });
      const code = await run(words, { environment: { VMDNS_URL: world.stack.gateway.url, VMDNS_TOKEN: world.stack.token }, folder, stdin: Readable.from([]), stdout: out(), stderr: out(), signal: AbortSignal.timeout(PATIENCE_MS), now: () => new Date() });
      expect([line, code, said.join('')]).toEqual([line, 0, expect.anything()]);
    }
    expect(await world.answers('powerdns', 'example.com', 'web-1.example.com', 'A')).toEqual(['203.0.113.7']);
    expect(await world.answers('hestiacp', '113.0.203.in-addr.arpa', '7.113.0.203.in-addr.arpa', 'PTR')).toEqual(['web-1.example.com.']);
  });
});

describe('a zone that moves from one provider to another', () => {
  const APEX = 'moving.test';
  const NAMES = [1, 2, 3, 4, 5].map((i) => `vm-${i}.${APEX}`);
  const ip = (i: number, change = 0): string => `198.51.100.${10 * i + change}`;
  const linesOf = (change: (i: number) => number): readonly string[] => NAMES.map((name, at) => `${name}. A ${ip(at + 1, change(at + 1))}`).sort();
  let zoneId = '';

  /** Asks for every name, at the old provider and then at the new one, without a pause; tells the names that were at neither. */
  function watch(from: ProviderOf3, to: ProviderOf3): { end(): Promise<readonly string[]> } {
    let isOn = true;
    const lacking: string[] = [];
    let rounds = 0;
    const watching = (async () => {
      for (; isOn || rounds === 0; rounds += 1) {
        for (const name of NAMES) {
          if ((await world.answers(from, APEX, name, 'A')).length > 0 || (await world.answers(to, APEX, name, 'A')).length > 0) continue;
          lacking.push(`${name} in round ${rounds}`);
        }
        await new Promise((resolve) => { setTimeout(resolve, 1); });
      }
    })();
    return { async end() { isOn = false; await watching; return lacking; } };
  }

  async function move(to: ProviderOf3): Promise<void> {
    const moved = await world.stack.gateway.ask('POST', `/v1/zones/${zoneId}/move`, { body: { connectionId: world.connections[to], purge: true } });
    expect([moved.status, moved.body]).toMatchObject([202, { provider: to }]);
    zoneId = (moved.body as { readonly id: string }).id;
  }
  const isMoved = (): Promise<boolean> => until(async () => (await world.stack.gateway.zones(APEX)).items.length === 1, { withinMs: PATIENCE_MS, what: 'the first entry to go' });

  it('(c) with commands for the first still queued: the second has all and the newest before anything leaves the first', async () => {
    const { gateway } = world.stack;
    zoneId = (await world.addZone('powerdns', APEX)).id;
    await world.makeZone('cloudflare', APEX);
    for (const [at, fqdn] of NAMES.entries()) await gateway.publish(`moving-${at + 1}`, { fqdn, addresses: [{ ip: ip(at + 1) }] }, PATIENCE_MS);
    await world.trouble('powerdns', 'killed');
    await gateway.putVm('moving-1', { fqdn: NAMES[0] ?? '', addresses: [{ ip: ip(1, 1) }] });
    const watched = watch('powerdns', 'cloudflare');
    await move('cloudflare');
    const newest = linesOf((i) => i === 1 ? 1 : 0);
    await until(async () => JSON.stringify(await world.held('cloudflare', APEX)) === JSON.stringify(newest), { withinMs: PATIENCE_MS, what: 'Cloudflare to have all and the newest' });
    expect(await world.held('powerdns', APEX)).toEqual(linesOf(() => 0));
    await world.heal('powerdns');
    await isMoved();
    expect(await watched.end()).toEqual([]);
    expect([await world.held('powerdns', APEX), await world.held('cloudflare', APEX)]).toEqual([[], newest]);
  });

  it('(c) and back, with the answer of the first held: nothing leaves Cloudflare before PowerDNS has said that it is there', async () => {
    const { gateway } = world.stack;
    const before = await world.held('cloudflare', APEX);
    const answers = world.proxies.powerdns.hold(patches(`${NAMES[4] ?? ''}.`), { at: 'answer' });
    const watched = watch('cloudflare', 'powerdns');
    await move('powerdns');
    await answers.reached({ withinMs: PATIENCE_MS });
    expect((await world.held('cloudflare', APEX)).filter((line) => line.startsWith(NAMES[4] ?? ''))).toEqual(before.filter((line) => line.startsWith(NAMES[4] ?? '')));
    const { revision } = await gateway.putVm('moving-2', { fqdn: NAMES[1] ?? '', addresses: [{ ip: ip(2, 2) }] });
    answers.release();
    await isMoved();
    await gateway.live('moving-2', revision, PATIENCE_MS);
    expect(await watched.end()).toEqual([]);
    expect([await world.held('cloudflare', APEX), await world.held('powerdns', APEX)]).toEqual([[], linesOf((i) => i === 1 ? 1 : i === 2 ? 2 : 0)]);
  });

  it('is not what a connection does that suddenly leads elsewhere: its names wait as target-changed and nothing is written, until it leads back', async () => {
    const { gateway } = world.stack;
    const [vm] = VMS.filter((one) => one.forward === 'cloudflare' && one.reverse === 'powerdns');
    const elsewhere = await FaultProxy.before(world.cloudflare.url, world.tls);
    try {
      const { apiToken } = world.settings.cloudflare;
      await gateway.changeConnection(world.connections.cloudflare, { settings: { url: elsewhere.url, apiToken } });
      const { revision } = await gateway.putVm(vm?.vmId ?? '', { fqdn: vm?.fqdn ?? '', addresses: [{ ip: '10.1.200.1' }] });
      const dns = await gateway.reaches(vm?.vmId ?? '', revision, (seen) => seen.records.some((record) => record.reason?.code === 'target-changed'), 'target-changed', PATIENCE_MS);
      expect(dns.records.filter((record) => record.reason?.code === 'target-changed').map((record) => [record.provider, record.state])).toEqual([['cloudflare', 'waiting']]);
      await gateway.changeConnection(world.connections.cloudflare, { settings: { url: world.proxies.cloudflare.url, apiToken } });
      await gateway.reaches(vm?.vmId ?? '', revision, (seen) => seen.state === 'live', 'live again', PATIENCE_MS);
      expect(elsewhere.calls.filter(CHANGES.cloudflare)).toEqual([]);
      expect(await world.answers('cloudflare', FORWARD.cloudflare, (vm?.fqdn ?? ''), 'A')).toEqual(['10.1.200.1']);
    } finally {
      await elsewhere.close();
    }
  });
});
