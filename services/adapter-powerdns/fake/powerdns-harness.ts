import type { Rrset } from '@vmdns/domain';
import { FaultDoor, type ContractHarness } from '@vmdns/provider-kit/testing';
import { startPowerdns } from '@vmdns/test/support';
import { powerdnsProvider } from '../src/powerdns.provider.js';
import { PowerdnsConnection, PowerdnsZoneSettings } from '../src/powerdns.settings.js';

/** A PowerDNS API to try the adapter against, real or fake, with a second hand on it. */
export interface ApiUnderTest {
  readonly api: string;
  readonly apiKey: string;
  readonly dnsServer?: string;
  /** More than one chunk, where the server takes that in good time. */
  readonly manyNames?: number;
  makeZone(apex: string): Promise<void>;
  stop(): Promise<void>;
}

interface Zone { readonly rrsets: readonly { name: string; type: string; ttl: number; records: readonly { content: string; disabled: boolean }[]; comments: readonly unknown[] }[] }

/** Short, so that the clause of the slow answer is short; still more than a busy machine needs. */
const DEADLINE_MS = 3_000;

const idOf = (apex: string): string => apex.replaceAll('/', '=2F').replaceAll('_', '=5F');

/** The contract's harness for a PowerDNS: vmdns comes in through a door where calls can go wrong, the second hand does not. */
export async function powerdnsHarness(server: ApiUnderTest): Promise<ContractHarness<PowerdnsConnection, PowerdnsZoneSettings>> {
  const door = await FaultDoor.open(server.api, { isWrite: (method) => method === 'PATCH' });
  const connection = PowerdnsConnection.parse({ url: door.url, apiKey: server.apiKey, ...(server.dnsServer === undefined ? {} : { dnsServer: server.dnsServer }) });
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${server.api}/api/v1/servers/localhost${path}`, { method, headers: { 'x-api-key': server.apiKey }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? undefined : answer.json();
  };
  return {
    definition: powerdnsProvider({ deadlineMs: DEADLINE_MS }),
    async makeZone(apex) {
      await server.makeZone(apex);
      return { connection, settings: PowerdnsZoneSettings.parse({}) };
    },
    async plant(apex, rrset: Rrset) {
      await call('PATCH', `/zones/${idOf(apex)}`, { rrsets: [{ ...rrset, changetype: 'REPLACE', records: rrset.values.map((content) => ({ content, disabled: false })) }] });
    },
    async plantDisabled(apex, rrset: Rrset) {
      await call('PATCH', `/zones/${idOf(apex)}`, { rrsets: [{ ...rrset, changetype: 'REPLACE', records: rrset.values.map((content) => ({ content, disabled: true })) }] });
    },
    async uproot(apex, name, type) {
      await call('PATCH', `/zones/${idOf(apex)}`, { rrsets: [{ name, type, changetype: 'DELETE' }] });
    },
    async witness(apex) {
      const zone = await call('GET', `/zones/${idOf(apex)}`) as Zone;
      return zone.rrsets.flatMap((rrset) => rrset.records.map((record) => `${rrset.name} ${rrset.ttl} ${rrset.type} ${record.content} ${record.disabled ? 'disabled' : ''} ${JSON.stringify(rrset.comments)}`)).sort();
    },
    fault: (fault, on) => door.set(fault, on),
    secrets: [server.apiKey],
    manyNames: server.manyNames ?? 6_000,
    async stop() {
      await door.close();
      await server.stop();
    },
  };
}

/** A real server of its own, with one of the backends; SQL ones take 5,000 RRsets in more time than the suite's deadline. */
export async function realPowerdns(backend: 'lmdb' | 'gsqlite3' | 'gpgsql'): Promise<ContractHarness<PowerdnsConnection, PowerdnsZoneSettings>> {
  const server = await startPowerdns({ backend });
  return powerdnsHarness({
    api: server.api, apiKey: server.apiKey, manyNames: backend === 'lmdb' ? 6_000 : 600, dnsServer: `${server.dns.host}:${server.dns.port}`,
    makeZone: async (apex) => { await server.createZone(apex); },
    stop: async () => { await server.stop(); },
  });
}
