import { describe, expect, it } from '@jest/globals';
import type { Caller, Role } from '@vmdns/contracts';
import { CALLS } from '../api/calls.js';
import { vmCalls } from '../api/vm.calls.js';
import { parseAsk } from './ask.js';
import { parseJson } from './body.js';
import { CallIndex } from './call-index.js';
import { mayThey } from './door.js';
import { queryOf } from './door-request.js';
import { ProblemError } from './problems.js';

const index = new CallIndex(CALLS);
const roles: readonly Role[] = ['admin', 'operator', 'publisher', 'viewer'];

/** Who may do what, written down by hand: a changed call table must be changed here as well. `t`: also with a tenant. */
const TABLE: Readonly<Record<string, string>> = {
  putVm: 'admin operator publisher t', getVm: 'admin operator publisher viewer t', deleteVm: 'admin operator publisher t', findVms: 'admin operator publisher viewer t',
  putPtr: 'admin operator publisher t', getVmDns: 'admin operator publisher viewer t', postEvents: 'admin operator publisher t', planFacts: 'admin operator publisher', postSnapshot: 'admin operator publisher t', explain: 'admin operator publisher viewer t',
  listProviders: 'admin operator publisher viewer t', searchVms: 'admin operator publisher viewer t', getOverview: 'admin operator viewer',
  listConnections: 'admin operator viewer', addConnection: 'admin operator', getConnection: 'admin operator viewer', changeConnection: 'admin operator', setConnectionSecrets: 'admin operator', removeConnection: 'admin operator',
  listZones: 'admin operator publisher viewer', addZone: 'admin operator', testUnsavedZone: 'admin operator', getZone: 'admin operator publisher viewer', changeZone: 'admin operator', removeZone: 'admin operator',
  testZone: 'admin operator', moveZone: 'admin operator', listZoneRecords: 'admin operator publisher viewer',
  streamZoneTest: 'admin operator', streamUnsavedZoneTest: 'admin operator', getZoneDrift: 'admin operator publisher viewer', reconcileZone: 'admin operator', adoptZone: 'admin operator', releaseZone: 'admin operator', releaseRecord: 'admin operator', adoptRecord: 'admin operator',
  listPauses: 'admin operator viewer', addPause: 'admin operator', removePause: 'admin operator',
  listHolds: 'admin operator viewer', getHold: 'admin operator viewer', approveHold: 'admin operator', rejectHold: 'admin operator',
  getSettings: 'admin operator viewer', putSettings: 'admin operator', searchLog: 'admin operator publisher viewer', streamLog: 'admin operator publisher viewer',
  listDeadLetters: 'admin operator viewer', getDeadLetter: 'admin operator viewer', replayDeadLetter: 'admin operator',
  listTenants: 'admin operator viewer', getTenant: 'admin operator viewer', limitTenant: 'admin operator',
  listTokens: 'admin', addToken: 'admin', revokeToken: 'admin',
  openSession: 'admin operator publisher viewer t', getSession: 'admin operator publisher viewer t', closeSession: 'admin operator publisher viewer t', listAudit: 'admin',
  legacyFeed: 'admin operator viewer', legacyFeedOfPuq: 'admin operator viewer',
  describeApi: 'admin operator publisher viewer t',
};

describe('the role × call table', () => {
  it('has a row for every call', () => {
    expect(Object.keys(TABLE).sort()).toEqual(CALLS.map((call) => call.id).sort());
  });
  it.each(CALLS.map((call) => [call.id, call] as const))('%s lets in exactly who is in its row', (id, call) => {
    const row = (TABLE[id] ?? '').split(' ');
    for (const role of roles) {
      for (const tenant of [null, 'acme']) {
        const expected = row.includes(role) && (tenant === null || row.includes('t'));
        expect({ role, tenant, isLet: isLet({ name: 'somebody', role, tenant }, call) }).toEqual({ role, tenant, isLet: expected });
      }
    }
  });
  it('names the role that is needed', () => {
    expect(() => { mayThey({ name: 'v', role: 'viewer', tenant: null }, vmCalls.put); }).toThrow('this call needs the role publisher or operator or admin; the token has viewer');
  });
});

function isLet(caller: Caller, call: (typeof CALLS)[number]): boolean {
  try {
    mayThey(caller, call);
    return true;
  } catch (error) {
    if (error instanceof ProblemError && error.problem.status === 403) return false;
    throw error;
  }
}

describe('finding the call', () => {
  it.each([
    ['GET', '/v1/vms/a.b:c~d', 'getVm'], ['HEAD', '/v1/vms', 'findVms'], ['PUT', '/v1/vms/vm1/addresses/2001:db8::1/ptr', 'putPtr'],
    ['POST', '/v1/zones/test', 'testUnsavedZone'], ['POST', '/v1/zones/z1/test', 'testZone'], ['GET', '/v1/log/stream', 'streamLog'], ['DELETE', '/v1/zones/test', 'removeZone'],
  ])('%s %s is %s', (method, path, id) => {
    expect(index.find(method, path)).toMatchObject({ kind: 'call', call: { id } });
  });
  it('tells a wrong method from a wrong path', () => {
    expect(index.find('POST', '/v1/vms/vm1')).toEqual({ kind: 'method', allow: ['DELETE', 'GET', 'PUT'] });
    expect(index.find('GET', '/v2/vms')).toEqual({ kind: 'none' });
    expect(index.find('GET', '/v1/vms//dns')).toEqual({ kind: 'none' });
  });
});

describe('reading what was sent', () => {
  const faultsOf = (params: unknown, body: unknown) => {
    const parsed = parseAsk(vmCalls.put, { params, query: {}, body });
    return parsed.ok ? [] : parsed.faults.map((fault) => `${fault.path}: ${fault.message}`);
  };
  it('names every fault of path, shape, names and addresses at once', () => {
    const faults = faultsOf({ vmId: '-odd' }, { fqdn: 'a..example.com', colour: 'red', version: -1, addresses: [{ ip: '192.0.2.1', size: 3 }, { ip: 7 }, { ip: '127.0.0.1' }, { ip: '300.1.1.1', ptr: 'x_y' }] });
    expect(faults.map((fault) => fault.split(':')[0]).sort()).toEqual(['addresses[0].size', 'addresses[1].ip', 'addresses[2].ip', 'addresses[3].ip', 'addresses[3].ptr', 'colour', 'fqdn', 'version', 'vmId']);
    expect(faults).toContain('colour: unknown field');
    expect(faults).toContain('addresses[1].ip: must be a string');
  });
  it('says that more than 1,000 addresses are too many, and not what each of them is', () => {
    expect(faultsOf({ vmId: 'vm1' }, { addresses: Array.from({ length: 1001 }, (_, i) => ({ ip: `10.0.${i >> 8}.${i & 255}` })) })).toEqual(['addresses: at most 1,000 addresses']);
  });
  it('says that more than 100 labels are too many: no message could carry them', () => {
    expect(faultsOf({ vmId: 'vm1' }, { addresses: [], labels: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`l${i}`, 'x'])) })).toEqual(['labels: at most 100 labels']);
  });
  it.each([[undefined, '(body): is required'], [[], '(body): must be an object'], ['text', '(body): must be an object'], [{}, 'addresses: is required']])('refuses the body %j', (body, fault) => {
    expect(faultsOf({ vmId: 'vm1' }, body)).toEqual([fault]);
  });
  it.each([['30s', 30_000], ['500ms', 500], ['1m', 60_000], ['7', 7000], ['0s', 0]])('wait=%s is %d ms', (wait, ms) => {
    expect(parseAsk(vmCalls.dns, { params: { vmId: 'vm1' }, query: { wait, revision: '4' }, body: undefined })).toMatchObject({ ok: true, ask: { query: { wait: ms, revision: 4 } } });
  });
  it.each([[{ wait: '61s' }, 'wait'], [{ wait: 'soon' }, 'wait'], [{ revision: '-1' }, 'revision'], [{ revison: '1' }, 'revison'], [queryOf('/?wait=1s&wait=2s'), 'wait']])('refuses the query %j', (query, path) => {
    expect(parseAsk(vmCalls.dns, { params: { vmId: 'vm1' }, query, body: undefined })).toMatchObject({ ok: false, faults: [{ path }] });
  });
  it('never repeats what could not be parsed', () => {
    expect(() => parseJson(Buffer.from('{"apiKey": "canary-1", }'))).toThrow(/^the body is not (complete )?JSON(: it breaks at character \d+)?$/);
    expect(() => parseJson(Buffer.from([0xff, 0xfe]))).toThrow('the body is not UTF-8');
  });
  it.each([['the body', { fqdn: 'a\u0000b.example.com' }, 'fqdn'], ['a field name', { labels: { 'a\u0000': 'x' } }, 'labels.(a field name)'], ['half a character', { uid: '\ud800' }, 'uid']])('refuses what no store can keep: %s', (_, body, path) => {
    expect(faultsOf({ vmId: 'vm1' }, { addresses: [], ...body }).map((fault) => fault.split(':')[0])).toContain(path);
  });
  it('refuses what is nested too deep, however deep', () => {
    for (const depth of [40, 500_000]) expect(() => parseJson(Buffer.from('['.repeat(depth) + ']'.repeat(depth)))).toThrow(/nested too deep|not complete JSON/);
  });
  it('drops __proto__ rather than let it in', () => {
    for (const key of ['__proto__', '\\u005f_proto__', '__pr\\u006Fto__', '__pro\\u0074o__']) expect(Object.keys(parseJson(Buffer.from(`{"${key}": {"admin": true}, "a": 1}`)) as object)).toEqual(['a']);
  });
});
