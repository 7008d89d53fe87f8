import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { isPatch, patches, startStack, until, type FaultProxy, type PowerdnsServer, type RecordedCall, type Stack } from '../support/index.js';
import { accepted } from './accepted.js';
import type { ReasonCode, VmDns } from '@vmdns/contracts';

// What happens while a provider is down, refuses the key, misses the zone, refuses a record or does not tell the truth.

// Longer than any wait in here, so that a failure says what was waited for.
jest.setTimeout(200_000);

let stack: Stack;
let second: { readonly powerdns: PowerdnsServer; readonly proxy: FaultProxy; readonly connectionId: string };
beforeAll(async () => {
  stack = await startStack();
  await stack.connect('first');
  const { powerdns, proxy } = await stack.secondPowerdns({ rectify: false });
  second = { powerdns, proxy, connectionId: (await stack.connectTo(powerdns, { name: 'second', api: proxy.url })).id };
}, 120_000);
afterEach(() => {
  stack?.proxy.clear();
  second?.proxy.clear();
});
afterAll(() => stack?.stop());

/** Long enough for a wait that has grown for some seconds, and less than what is waited after a wrong key (45 s). */
const PATIENCE_MS = 40_000;

async function zoneOnFirst(name: string): Promise<string> {
  const first = (await stack.gateway.connections()).items.find((connection) => connection.name === 'first');
  return (await stack.addZone(name, { entry: { connectionId: first?.id ?? '' } })).id;
}

async function zoneOnSecond(name: string): Promise<void> {
  await second.powerdns.createZone(`${name}.`, { apiRectify: false });
  await stack.gateway.addZone({ name: `${name}.`, connectionId: second.connectionId });
}

/** PUT is answered 202 whatever the provider does; sent again only where the machine is too busy for anything. */
async function put(vmId: string, fqdn: string, ip: string): Promise<number> {
  const answer = await accepted(() => stack.gateway.ask('PUT', `/v1/vms/${vmId}`, { body: { fqdn, addresses: [{ ip }] } }));
  expect([200, 202]).toContain(answer.status);
  return (answer.body as { readonly revision: number }).revision;
}

const codeOf = (dns: VmDns): ReasonCode | undefined => dns.records.find((record) => record.type === 'A')?.reason?.code;

/** Waits until a record of the VM has this reason. */
const explained = (vmId: string, code: ReasonCode): Promise<VmDns> =>
  stack.gateway.reaches(vmId, 1, (dns) => dns.records.some((record) => record.reason?.code === code), code, PATIENCE_MS);

const INSTANT = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
/** One sentence: what, where, since when, why, when the next try is, what to do. */
async function explainedInOneSentence(vmId: string, why: RegExp, whatToDo: RegExp): Promise<void> {
  await until(async () => {
    const { sentences } = await stack.gateway.explain(vmId);
    return sentences.some((sentence) => new RegExp(`^A .+ in .+\\(powerdns\\) is failed since ${INSTANT}.*: .*The next try is at ${INSTANT}\\. `).test(sentence) && why.test(sentence) && whatToDo.test(sentence));
  }, { withinMs: 20_000, what: 'the whole explanation' }).catch(async (error: unknown) => {
    throw new Error(`explained was: ${(await stack.gateway.explain(vmId)).sentences.join(' | ')}`, { cause: error });
  });
}

const live = (vmId: string, revision: number): Promise<VmDns> => stack.gateway.reaches(vmId, revision, (dns) => dns.state === 'live', 'live', PATIENCE_MS);
const answersOfFirst = async (name: string): Promise<readonly string[]> => (await stack.dns(name, 'A')).values;

/** Puts many VMs at once, by one batch of events. */
async function publishMany(zone: string, count: number, octet: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, (_, i) => `${zone.split('.')[0]}-${i}`);
  const body = ids.map((vmId, i) => ({ specversion: '1.0', id: `${vmId}-${octet}`, source: 'many', type: 'vmdns.vm.changed.v1', data: { vmId, fqdn: `${vmId}.${zone}`, addresses: [{ ip: `10.${octet}.${i >> 8}.${i & 255}` }] } }));
  await accepted(() => stack.gateway.ask('POST', '/v1/events', { body, headers: { 'content-type': 'application/cloudevents-batch+json' } }));
  return ids;
}

interface NameView { readonly name: string; readonly state: string }
async function namesOf(zoneId: string): Promise<readonly NameView[]> {
  const page = await stack.gateway.ask('GET', `/v1/zones/${zoneId}/records?limit=500`);
  return (page.body as { readonly items: readonly NameView[] }).items;
}

/** All names of a zone entry, once none of them is on its way any more. */
async function settledNames(zoneId: string, count: number): Promise<readonly NameView[]> {
  return until(async () => {
    const items = await namesOf(zoneId);
    return items.length === count && items.every((item) => item.state === 'applied' || item.state === 'refused') ? items : undefined;
  }, { withinMs: PATIENCE_MS, what: `${count} settled names` });
}

describe('PowerDNS is down', () => {
  it('L8 PUT is answered, the other server never waits, explain tells, and all resumes by itself', async () => {
    await zoneOnFirst('down.test');
    await zoneOnSecond('up.test');
    await live('down-1', await put('down-1', 'one.down.test', '192.0.2.1'));
    const down = stack.proxy.down();
    const waiting = await put('down-1', 'one.down.test', '192.0.2.2');
    const more = await put('down-2', 'two.down.test', '192.0.2.3');
    await live('up-1', await put('up-1', 'one.up.test', '192.0.2.4'));
    const dns = await explained('down-2', 'provider-unreachable');
    expect(dns).toMatchObject({ live: false, state: 'pending' });
    await explainedInOneSentence('down-2', /127\.0\.0\.1.*since/, /check that the provider is up/);
    await live('up-2', await put('up-2', 'two.up.test', '192.0.2.5'));
    expect(await answersOfFirst('one.down.test')).toEqual(['192.0.2.1']);
    down.remove();
    await live('down-1', waiting);
    await live('down-2', more);
    expect([await answersOfFirst('one.down.test'), await answersOfFirst('two.down.test')]).toEqual([['192.0.2.2'], ['192.0.2.3']]);
  });

  it('L2 a delete waits for the server, and its record goes when it is back', async () => {
    await zoneOnFirst('down-delete.test');
    await live('down-3', await put('down-3', 'one.down-delete.test', '192.0.2.6'));
    const down = stack.proxy.down();
    const gone = await stack.gateway.deleteVm('down-3');
    await stack.gateway.reaches('down-3', gone.revision, (dns) => dns.state === 'deleting' && dns.reason?.code === 'provider-unreachable', 'deleting', PATIENCE_MS);
    down.remove();
    await stack.gateway.reaches('down-3', gone.revision, (dns) => dns.state === 'gone', 'gone', PATIENCE_MS);
    expect(await answersOfFirst('one.down-delete.test')).toEqual([]);
  });

  it('L8 one zone that the server answers 500 for: the other zones of the same server go on', async () => {
    await zoneOnFirst('sick.test');
    await zoneOnFirst('well.test');
    const sick = stack.proxy.answer((call) => call.zone === 'sick.test.' && isPatch(call), { status: 500, body: 'Internal Server Error' });
    const revision = await put('sick-1', 'one.sick.test', '192.0.2.7');
    await until(() => sick.met.length >= 2, { withinMs: PATIENCE_MS, what: 'two refused tries' });
    await live('well-1', await put('well-1', 'one.well.test', '192.0.2.8'));
    sick.remove();
    await live('sick-1', revision);
    expect(await answersOfFirst('one.sick.test')).toEqual(['192.0.2.7']);
  });
});

describe('the key is wrong', () => {
  it('L8 only that credential waits; explain says what to do; a new secret heals it at once', async () => {
    await stack.powerdns.createZone('locked.test.', { apiRectify: false });
    const wrong = await stack.gateway.addConnection('wrong key', 'powerdns', { url: stack.proxy.url, apiKey: 'not-the-key', dnsServer: `${stack.powerdns.dns.host}:${stack.powerdns.dns.port}` });
    await stack.gateway.addZone({ name: 'locked.test.', connectionId: wrong.id });
    await zoneOnFirst('open.test');
    const revision = await put('locked-1', 'one.locked.test', '192.0.2.10');
    const dns = await explained('locked-1', 'credentials');
    expect(dns).toMatchObject({ live: false, state: 'attention' });
    await explainedInOneSentence('locked-1', /API key was not accepted/, /set the secret of the connection again/);
    await live('open-1', await put('open-1', 'one.open.test', '192.0.2.11'));
    await stack.gateway.setSecrets(wrong.id, { apiKey: stack.powerdns.apiKey });
    await live('locked-1', revision);
    expect(await answersOfFirst('one.locked.test')).toEqual(['192.0.2.10']);
  });

  it('L2 a key that stops working deletes nothing: what stands, stands', async () => {
    const zoneId = await zoneOnFirst('revoked.test');
    const ids = await publishMany('revoked.test', 12, 20);
    await settledNames(zoneId, 12);
    stack.proxy.forgetCalls();
    const refused = stack.proxy.answer((call) => call.zone === 'revoked.test.', { status: 401, body: 'Unauthorized' });
    const revision = await put('revoked-0', 'revoked-0.revoked.test', '10.20.9.9');
    await explained('revoked-0', 'credentials');
    expect((await stack.powerdns.rrsets('revoked.test.')).filter((rrset) => rrset.type === 'A')).toHaveLength(ids.length);
    refused.remove();
    const first = (await stack.gateway.connections()).items.find((connection) => connection.name === 'first');
    await stack.gateway.setSecrets(first?.id ?? '', { apiKey: stack.powerdns.apiKey });
    await live('revoked-0', revision);
    expect(removalsOf(stack.proxy.patchesOf('revoked.test.'))).toEqual([]);
  });
});

/** Record sets that a call took away. */
const removalsOf = (calls: readonly RecordedCall[]): readonly string[] =>
  calls.flatMap((call) => call.rrsets.filter((rrset) => rrset.changetype === 'DELETE' || rrset.values.length === 0).map((rrset) => `${rrset.name} ${rrset.type}`));

describe('the server shows nothing', () => {
  it.each<[string, { readonly status: number; readonly body: unknown }]>([
    ['empty', { status: 200, body: { id: 'x', name: 'x', kind: 'Native', serial: 1, edited_serial: 1, rrsets: [] } }],
    ['error', { status: 500, body: 'Internal Server Error' }],
    ['nonsense', { status: 200, body: '<html>a proxy</html>' }],
  ])('L2 readings that are %s delete nothing, and no record of ours is lost', async (kind, answer) => {
    const zone = `${kind}.test`;
    const zoneId = await zoneOnFirst(zone);
    await publishMany(zone, 12, 30);
    await settledNames(zoneId, 12);
    stack.proxy.forgetCalls();
    const fault = stack.proxy.answer((call) => call.zone === `${zone}.` && call.method === 'GET', answer);
    await publishMany(zone, 12, 31);
    await until(() => fault.met.length > 0, { withinMs: PATIENCE_MS, what: 'a reading' });
    await live(`up-${kind}`, await put(`up-${kind}`, `${kind}.up.test`, '192.0.2.12'));
    const held = (await stack.powerdns.rrsets(`${zone}.`)).filter((rrset) => rrset.type === 'A');
    expect(held).toHaveLength(12);
    fault.remove();
    const names = await settledNames(zoneId, 12);
    expect(names.filter((name) => name.state !== 'applied')).toEqual([]);
    expect(removalsOf(stack.proxy.patchesOf(`${zone}.`))).toEqual([]);
    expect(await answersOfFirst(`${kind}-7.${zone}`)).toEqual(['10.31.0.7']);
  });
});

describe('the zone is missing at the server', () => {
  it('is said with what to do; vmdns makes no zone; once a person made it, the record comes by itself', async () => {
    const first = (await stack.gateway.connections()).items.find((connection) => connection.name === 'first');
    await stack.gateway.addZone({ name: 'missing.test.', connectionId: first?.id ?? '' });
    const revision = await put('missing-1', 'one.missing.test', '192.0.2.13');
    const dns = await explained('missing-1', 'zone-missing');
    expect(dns).toMatchObject({ live: false, state: 'attention' });
    await explainedInOneSentence('missing-1', /missing\.test/, /Create the zone at the provider/);
    expect(await stack.powerdns.hasZone('missing.test.')).toBe(false);
    await zoneOnFirst('beside.test');
    await live('beside-1', await put('beside-1', 'one.beside.test', '192.0.2.14'));
    await stack.powerdns.createZone('missing.test.', { apiRectify: false });
    await live('missing-1', revision);
    expect(await answersOfFirst('one.missing.test')).toEqual(['192.0.2.13']);
  });
});

describe('one record of several hundred is refused', () => {
  async function refusedAlone(zone: string, octet: number, spoil: (culprit: string) => Promise<() => Promise<void>>): Promise<VmDns> {
    const zoneId = await zoneOnFirst(zone);
    const culprit = `${zone.split('.')[0]}-137.${zone}.`;
    const pause = await stack.gateway.pause({ kind: 'zone', id: zoneId });
    await publishMany(zone, 300, octet);
    await until(async () => (await namesOf(zoneId)).length === 300, { withinMs: PATIENCE_MS, what: '300 planned names' });
    stack.proxy.forgetCalls();
    const after = await spoil(culprit);
    await stack.gateway.resume(pause.id);
    await after();
    const names = await settledNames(zoneId, 300);
    expect(names.filter((name) => name.state === 'refused').map((name) => name.name)).toEqual([culprit]);
    expect((await stack.powerdns.rrsets(`${zone}.`)).filter((rrset) => rrset.type === 'A')).toHaveLength(299);
    // Halving 300 down to one takes 9 steps of at most two calls.
    expect(stack.proxy.patchesOf(`${zone}.`).length).toBeLessThan(20);
    return stack.gateway.dns(culprit.split('.')[0] ?? '');
  }
  const nothing = async (): Promise<void> => undefined;

  it('L7 by a 422 that names it: the rest has landed, the culprit is named with the server\'s words', async () => {
    const dns = await refusedAlone('named.test', 40, async (culprit) => {
      stack.proxy.answer(patches(culprit), { status: 422, body: { error: `RRset ${culprit} IN A: the moon is full` } });
      return nothing;
    });
    expect(dns).toMatchObject({ live: true, state: 'attention', reason: { code: 'refused-by-provider' } });
    const entry = await until(async () => (await stack.gateway.log({ name: 'named-137.named.test', status: 'refused' })).items[0], { what: 'the log entry' });
    expect(entry.providerText).toContain('the moon is full');
    const [sentence] = (await stack.gateway.explain('named-137')).sentences.filter((one) => one.startsWith('A '));
    expect(sentence).toMatch(/is refused since .*: .*Mend what the provider's words name/);
  });

  it('L7 by a 422 that names nobody: found by halving', async () => {
    const dns = await refusedAlone('nameless.test', 41, async (culprit) => {
      stack.proxy.answer(patches(culprit), { status: 422, body: { error: 'something is wrong with one of them' } });
      return nothing;
    });
    expect(codeOf(dns)).toBe('refused-by-provider');
  });

  it('L7 by the server itself, which has a CNAME there that came after our reading', async () => {
    const dns = await refusedAlone('cname.test', 42, async (culprit) => {
      const barrier = stack.proxy.hold(isPatch, { times: 1 });
      return async () => {
        await barrier.reached();
        await stack.powerdns.putRrsets('cname.test.', [{ name: culprit, type: 'CNAME', ttl: 60, records: [{ content: 'elsewhere.example.', disabled: false }] }]);
        barrier.release();
      };
    });
    expect(codeOf(dns)).toMatch(/^(refused-by-provider|cname-conflict)$/);
    expect((await stack.dns('cname-137.cname.test', 'CNAME')).values).toEqual(['elsewhere.example.']);
  });

  it('the refused one heals with its next change', async () => {
    stack.proxy.clear();
    await live('named-137', await put('named-137', 'named-137.named.test', '192.0.2.99'));
    expect(await answersOfFirst('named-137.named.test')).toEqual(['192.0.2.99']);
  });
});

describe('the answer counts, not the OK', () => {
  it('L9 a 204 without a change is not live: unconfirmed with both sides told, then mended by itself', async () => {
    await zoneOnFirst('liar.test');
    await live('liar-0', await put('liar-0', 'zero.liar.test', '192.0.2.20'));
    const lie = stack.proxy.answer(patches('one.liar.test.'), { status: 204 });
    const revision = await put('liar-1', 'one.liar.test', '192.0.2.21');
    const dns = await explained('liar-1', 'unconfirmed');
    expect(dns).toMatchObject({ live: false, state: 'pending' });
    expect(dns.reason?.text).toMatch(/one\.liar\.test\. .*192\.0\.2\.21/);
    lie.remove();
    await live('liar-1', revision);
    expect(await answersOfFirst('one.liar.test')).toEqual(['192.0.2.21']);
  });
});
