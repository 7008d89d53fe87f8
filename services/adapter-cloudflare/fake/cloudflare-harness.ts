import type { Rrset } from '@vmdns/domain';
import { FaultDoor, type ContractHarness, type FaultAnswers } from '@vmdns/provider-kit/testing';
import { cloudflareProvider } from '../src/cloudflare.provider.js';
import { CloudflareConnection, CloudflareZoneSettings } from '../src/cloudflare.settings.js';
import { FakeCloudflare, type FakeOptions } from './fake-cloudflare.js';
import type { FakeZone } from './fake-zone.js';

export const TOKEN = 'fake-token-0123456789abcdef';
/** Short, so that the clause of the slow answer is short; still more than a busy machine needs. */
const DEADLINE_MS = 3_000;

const refused = (code: number, message: string): string => JSON.stringify({ success: false, errors: [{ code, message }], messages: [], result: null });
const ANSWERS: FaultAnswers = {
  unauthorized: { status: 401, body: refused(10000, 'Authentication error') },
  forbidden: { status: 403, body: refused(9109, 'Unauthorized to access requested resource') },
  'not-found': { status: 404, body: refused(7003, 'Could not route to /zones/x, perhaps your object identifier is invalid?') },
  'too-many': { status: 429, body: refused(10100, 'More than 1200 requests per 300 seconds reached.'), headers: { 'retry-after': '2' } },
  'server-error': { status: 500, body: refused(10001, 'Internal server error') },
  garbage: { status: 200, body: '<!DOCTYPE html><title>Just a moment...</title>' },
};

const withoutDot = (name: string): string => name.replace(/\.$/, '');

/** Another hand's RRset, as the dashboard would make it. */
export function plantRrset(zone: FakeZone, rrset: Rrset): void {
  for (const value of rrset.values) {
    const priority = rrset.type === 'MX' ? Number(value.split(' ')[0]) : undefined;
    const content = rrset.type === 'MX' ? value.split(' ')[1] ?? '' : value;
    zone.plant({ name: withoutDot(rrset.name), type: rrset.type, ttl: rrset.ttl, content: ['MX', 'CNAME', 'PTR'].includes(rrset.type) ? withoutDot(content) : content, comment: 'by hand', tags: ['team:web'], ...(priority === undefined ? {} : { priority }) });
  }
}

/** The contract's harness: vmdns comes in through a door where calls can go wrong, the second hand does not. */
export async function cloudflareHarness(options: FakeOptions = {}): Promise<ContractHarness<CloudflareConnection, CloudflareZoneSettings>> {
  const fake = await FakeCloudflare.start({ policies: [{ kind: 'window', name: 'default', calls: 100_000, seconds: 300 }], ...options });
  fake.addToken(TOKEN);
  const door = await FaultDoor.open(fake.url, { answers: ANSWERS, isWrite: (method) => method !== 'GET' });
  const connection = CloudflareConnection.parse({ url: door.url, apiToken: TOKEN });
  const zones = new Map<string, FakeZone>();
  const zoneOf = (apex: string): FakeZone => {
    const zone = zones.get(apex);
    if (zone === undefined) throw new Error(`no zone ${apex}`);
    return zone;
  };
  return {
    // What the second hand did a moment ago is seen: the clauses leave no moment between.
    definition: cloudflareProvider({ deadlineMs: DEADLINE_MS, trust: { forMs: -1, atMostMs: 300_000, now: () => performance.now() } }),
    makeZone(apex) {
      if (!zones.has(apex)) zones.set(apex, fake.addZone(apex));
      return Promise.resolve({ connection, settings: CloudflareZoneSettings.parse({}) });
    },
    plant(apex, rrset) { plantRrset(zoneOf(apex), rrset); return Promise.resolve(); },
    uproot(apex, name, type) {
      zoneOf(apex).uproot((record) => record.name === withoutDot(name) && record.type === type);
      return Promise.resolve();
    },
    witness: (apex) => Promise.resolve([...zoneOf(apex).records.values()].map((record) => JSON.stringify(record)).sort()),
    fault: (fault, on) => door.set(fault, on),
    secrets: [TOKEN],
    // More than a page of the API's default and than one batch; more than a page of ours would take its time.
    manyNames: 5_200,
    async stop() {
      await door.close();
      await fake.stop();
    },
  };
}
