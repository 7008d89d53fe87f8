import { describe, expect, it } from '@jest/globals';
import type { Caller, FactRequest } from '@vmdns/contracts';
import { admitFact } from './fact-door.js';

const platform: Caller = { name: 'http:platform', role: 'publisher', tenant: null };
const acme: Caller = { name: 'http:acme', role: 'publisher', tenant: 'acme' };
const request = (data: unknown, over: Partial<FactRequest> = {}): FactRequest => ({ type: 'vmdns.vm.changed.v1', data, source: 'http:platform', caller: platform, ...over });
const paths = (of: FactRequest): readonly string[] => {
  const admission = admitFact(of);
  return admission.ok ? [] : (admission.problem.faults ?? []).map((fault) => fault.path);
};

describe('the door of facts', () => {
  it.each<[string, unknown, readonly string[]]>([
    ['a body that is no object', 'vm-1', ['']],
    ['an odd vmId', { vmId: '-odd id', addresses: [] }, ['vmId']],
    ['an unknown field', { vmId: 'a', addresses: [], colour: 'red' }, ['colour']],
    ['an unknown field of an address', { vmId: 'a', addresses: [{ ip: '192.0.2.1', colour: 'red' }] }, ['addresses[0].colour']],
    ['a wrong address and a wrong name', { vmId: 'a', fqdn: '-x.example.com', addresses: [{ ip: '192.0.2.1' }, { ip: '300.1.1.1' }] }, ['fqdn', 'addresses[1].ip']],
    ['wrong shape and wrong meaning at once', { vmId: 'a', hostname: 'a_b', colour: 1, addresses: [{ ip: 'x', ptr: 7 }] }, ['addresses[0].ptr', 'colour', 'hostname', 'addresses[0].ip']],
    ['an address that no VM has', { vmId: 'a', addresses: [{ ip: '127.0.0.1' }] }, ['addresses[0].ip']],
    ['a missing list of addresses', { vmId: 'a' }, ['addresses']],
    ['more than 1,000 addresses', { vmId: 'a', addresses: Array.from({ length: 1001 }, (_, n) => ({ ip: `10.0.${n >> 8}.${n & 255}` })) }, ['addresses']],
    ['both kinds of name', { vmId: 'a', fqdn: 'a.example.com', hostname: 'a', addresses: [] }, ['fqdn']],
    ['a character that Postgres cannot store', { vmId: 'a', addresses: [], labels: { team: 'a\u0000b', other: '\ud800' } }, ['labels.team', 'labels.other']],
    ['a negative version', { vmId: 'a', addresses: [], version: -1 }, ['version']],
  ])('refuses %s and names every path', (_, data, expected) => {
    expect([...paths(request(data))].sort()).toEqual([...expected].sort());
  });

  it('refuses a type it does not know, and names those it does', () => {
    const admission = admitFact(request({ vmId: 'a' }, { type: 'vmdns.vm.renamed.v1' }));
    expect(admission).toMatchObject({ ok: false, problem: { status: 400, faults: [{ path: 'type', message: expect.stringContaining('vmdns.vm.deleted.v1') }] } });
  });

  it.each<[string, unknown, string]>([
    ['vmdns.vm.deleted.v1', { vmId: 'a', addresses: [] }, 'addresses'],
    ['vmdns.address.ptr.v1', { vmId: 'a', ip: '192.0.2.999', hostname: null }, 'ip'],
    ['vmdns.address.ptr.v1', { vmId: 'a', ip: '192.0.2.9' }, 'hostname'],
  ])('checks %s by its own schema', (type, data, path) => {
    expect(paths(request(data, { type }))).toContain(path);
  });

  it('gives a fact of a tenant’s token that tenant, and refuses another', () => {
    expect(admitFact(request({ vmId: 'a', addresses: [] }, { caller: acme }))).toMatchObject({ ok: true, incoming: { tenant: 'acme' } });
    expect(admitFact(request({ vmId: 'a', addresses: [], tenant: 'other' }, { caller: acme }))).toMatchObject({ ok: false, problem: { status: 403 } });
  });

  it('takes the tenant from the fact where the token has none', () => {
    expect(admitFact(request({ vmId: 'a', addresses: [], tenant: 'other' }))).toMatchObject({ ok: true, incoming: { tenant: 'other' } });
  });

  it('lets nobody publish who may only read', () => {
    expect(admitFact(request({ vmId: 'a', addresses: [] }, { caller: { ...platform, role: 'viewer' } }))).toMatchObject({ ok: false, problem: { status: 403 } });
  });

  it.each<[string, string, readonly string[] | undefined, string | undefined, boolean]>([
    ['a token without sources', 'cloud-a', undefined, 'token panel', true],
    ['a token with its source', 'cloud-a', ['cloud-a', 'cloud-b'], 'token panel', true],
    ['a token with other sources', 'cloud-a', ['cloud-b'], 'token panel', false],
    ['a token as its own calls', 'http:panel', ['cloud-b'], 'token panel', true],
    ['a token as the calls of another', 'http:other', undefined, 'token panel', false],
    ['a tenant of the bus', 'cloud-a', undefined, 'nats:acme', true],
    ['a tenant of the bus as the calls of a token', 'http:other', undefined, 'nats:acme', false],
    ['who publishes for all on the bus', 'http:other', undefined, undefined, true],
  ])('%s, by an event of the source %s', (_, source, sources, publisher, isLet) => {
    const admission = admitFact(request({ vmId: 'a', addresses: [] }, {
      source, via: 'event', caller: { name: 'panel', role: 'publisher', tenant: null, ...(sources === undefined ? {} : { sources: [...sources] }) }, ...(publisher === undefined ? {} : { publisher }),
    }));
    expect(admission).toMatchObject(isLet ? { ok: true, incoming: { source } } : { ok: false, problem: { status: 403, detail: `This token may not speak as the source ${source}.` } });
  });

  it('makes names and addresses canonical', () => {
    const admission = admitFact(request({ vmId: 'a', fqdn: 'Web1.Example.COM', addresses: [{ ip: '2001:DB8:0::1', ptr: 'Web1.example.com.' }] }));
    expect(admission).toMatchObject({ ok: true, incoming: { said: { fqdn: 'web1.example.com.', addresses: [{ ip: '2001:db8::1', ptr: 'web1.example.com.' }] } } });
  });
});
