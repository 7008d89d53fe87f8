import { describe, expect, it } from '@jest/globals';
import { ZoneLimits } from '@vmdns/contracts';
import { DEFAULT_SETTINGS, type Fact } from '@vmdns/domain';
import { conceive } from '../planning/newborn.js';
import { pictureOf } from '../zones/zone-sets.js';
import type { ZoneRow } from '../zones/zone.row.js';
import { dnsOfForeseen, ForeseenDns, type HeardName } from './foreseen-dns.js';

const zone = (id: string, apex: string): ZoneRow => ({
  id, seq: 1, apex, provider: 'memory', connection_id: 'c1', mode: 'write', released: true, state: 'active', purge: false, paused: false, revision: 1, created_at: new Date(0),
  body: { ttl: { forward: 300, reverse: 3600 }, addresses: 'all', limits: ZoneLimits.parse({}), settings: {} },
});
const picture = pictureOf(1, [zone('forward', 'example.com.'), zone('reverse', '2.0.192.in-addr.arpa.')], DEFAULT_SETTINGS);
const fact = (vmId: string, ip: string): Fact => ({
  vmId, tenant: null, source: 'test', life: 1, uid: null, version: null, revision: 3, deleted: false, fqdn: `${vmId}.example.com.`, hostname: null, domain: null,
  shareName: false, nameClaim: 1, addresses: [{ ip, forward: false, ptr: null, customerPtr: null, claim: 1 }], labels: {}, changedAt: '2026-01-01T00:00:00Z',
});
const names = { a: [['forward', 'a.example.com.'], ['reverse', '5.2.0.192.in-addr.arpa.']] } as const;
const heard = ([zoneId, ownerName]: readonly [string, string], over: Partial<HeardName> = {}): HeardName => ({ zoneId, ownerName, generation: 1, state: 'applied', reason: null, attempts: 2, vms: ['a'], at: new Date(0), ...over });

function foreseeing(ip = '192.0.2.5'): ForeseenDns {
  const foreseen = new ForeseenDns();
  foreseen.born(picture, conceive({ picture, timeline: 1, priority: 1 }, [fact('a', ip)]), 0);
  return foreseen;
}

describe('the DNS of a new VM as it will be', () => {
  it('is there once, with the last of its names', () => {
    const foreseen = foreseeing();
    foreseen.heard(heard(names.a[0]));
    expect(foreseen.take('a')).toBeUndefined();
    foreseen.heard(heard(names.a[1]));
    const vm = foreseen.take('a');
    expect(vm === undefined ? undefined : dnsOfForeseen(vm)).toEqual({
      vmId: 'a', revision: 3, plannedRevision: 3, live: true, state: 'live',
      records: [
        { name: '5.2.0.192.in-addr.arpa.', type: 'PTR', ttl: 3600, values: ['a.example.com.'], zone: '2.0.192.in-addr.arpa.', zoneId: 'reverse', provider: 'memory', state: 'applied', attempts: 2, generation: 1, updatedAt: '1970-01-01T00:00:00.000Z' },
        { name: 'a.example.com.', type: 'A', ttl: 300, values: ['192.0.2.5'], zone: 'example.com.', zoneId: 'forward', provider: 'memory', state: 'applied', attempts: 2, generation: 1, updatedAt: '1970-01-01T00:00:00.000Z' },
      ],
    });
    expect(foreseen.take('a')).toBeUndefined();
  });

  it.each([
    ['a name is not applied', { state: 'failed' }],
    ['a name is of another generation', { generation: 2 }],
    ['a reason came with it', { reason: { code: 'unconfirmed', text: 'nobody answered' } }],
  ] as const)('is forgotten where %s', (_what, over) => {
    const foreseen = foreseeing();
    foreseen.heard(heard(names.a[0], over));
    for (const name of names.a) foreseen.heard(heard(name));
    expect(foreseen.take('a')).toBeUndefined();
  });

  it('is not foreseen where something of it has no zone', () => {
    const foreseen = foreseeing('198.51.100.1');
    foreseen.heard(heard(names.a[0]));
    expect(foreseen.take('a')).toBeUndefined();
  });

  it('is forgotten after a minute: another replica has heard of it', () => {
    const foreseen = foreseeing();
    foreseen.born(picture, [], 60_000);
    for (const name of names.a) foreseen.heard(heard(name));
    expect(foreseen.take('a')).toBeUndefined();
  });
});
