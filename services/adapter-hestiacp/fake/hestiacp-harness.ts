import { parseName, type Rrset } from '@vmdns/domain';
import type { ContractHarness } from '@vmdns/provider-kit/testing';
import { hestiacpProvider } from '../src/hestiacp.provider.js';
import { HestiacpConnection, HestiacpZoneSettings } from '../src/hestiacp.settings.js';
import { FakeHestia, type FakeKey } from './fake-hestia.js';
import type { FakeVersion, FakeZone } from './fake-zone.js';

export const USER = 'dns';
export const PASSWORD = 'the-password-of-the-panel';
export const KEY: FakeKey = { id: 'A1B2C3D4E5F6G7H8I9J0', secret: 'k0a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8s9', user: USER, commands: 'all' };
/** Short, so that the clause of the slow answer is short; still more than a busy machine needs. */
const DEADLINES = { baseMs: 3_000, perRecordMs: 1 };

const CHANGES_A_DAY = 25;
const DAY_MS = 86_400_000;

export type SignIn = 'access-key' | 'password';

/** A panel of this version with one user. */
export async function startFake(version: FakeVersion): Promise<FakeHestia> {
  const fake = await FakeHestia.start({ version, password: PASSWORD, keys: [KEY] });
  fake.commands.addUser(USER);
  return fake;
}

/** A connection to it, with its certificate pinned. */
export function connectionTo(fake: FakeHestia, mode: SignIn, more: Readonly<Record<string, unknown>> = {}): HestiacpConnection {
  const signIn = mode === 'password' ? { mode, password: PASSWORD } : { mode, accessKey: KEY.id, secretKey: KEY.secret };
  return HestiacpConnection.parse({ url: fake.url, user: USER, fingerprint: fake.tls.fingerprint, dnsServer: fake.named.address, ...signIn, ...more });
}

/** The contract's harness for a HestiaCP: the second hand works past the API, on the file. */
export async function hestiacpHarness(version: FakeVersion, mode: SignIn): Promise<ContractHarness<HestiacpConnection, HestiacpZoneSettings>> {
  const fake = await startFake(version);
  // 1.9 numbers 99 changes of a zone a day, and the suite needs more: this panel's days are short.
  const begin = Date.now();
  fake.commands.today = () => new Date(begin + Math.floor(fake.calls.filter((call) => !call.command.startsWith('v-list-')).length / CHANGES_A_DAY) * DAY_MS);
  const zoneOf = (apex: string): FakeZone => {
    const zone = fake.commands.zones.get(apex.slice(0, -1));
    if (zone === undefined) throw new Error(`no zone ${apex}`);
    return zone;
  };
  return {
    definition: hestiacpProvider(DEADLINES),
    makeZone(apex) {
      fake.commands.addZone(USER, apex.slice(0, -1));
      return Promise.resolve({ connection: connectionTo(fake, mode), settings: HestiacpZoneSettings.parse({}) });
    },
    plant(apex, rrset) {
      const zone = zoneOf(apex);
      for (const value of rrset.values) zone.rows.push(zone.row({ ID: zone.nextId, RECORD: relativeOf(rrset, apex), TYPE: rrset.type, TTL: String(rrset.ttl), ...fieldsOf(rrset.type, value) }));
      fake.commands.touch(zone);
      return Promise.resolve();
    },
    uproot(apex, name, type) {
      const zone = zoneOf(apex);
      zone.rows = zone.rows.filter((row) => row.RECORD !== relativeOf({ name }, apex) || row.TYPE !== type);
      fake.commands.touch(zone);
      return Promise.resolve();
    },
    witness(apex) {
      const zone = zoneOf(apex);
      return Promise.resolve([`SOA serial ${zone.serial} SOA `, ...zone.rows.map((row) => Object.values(row).join(' '))].sort());
    },
    fault: (fault, on) => fake.setFault(fault, on),
    secrets: [KEY.secret, PASSWORD, KEY.id],
    // No pages: the whole zone is one answer.
    manyNames: 80,
    stop: () => fake.stop(),
  };
}

function relativeOf(rrset: Pick<Rrset, 'name'>, apex: string): string {
  const parsed = parseName(rrset.name);
  const name = parsed.ok ? parsed.name : rrset.name;
  return name === apex ? '@' : name.slice(0, -apex.length - 1);
}

function fieldsOf(type: string, value: string): { readonly VALUE: string; readonly PRIORITY?: string } {
  const [priority = '', ...rest] = value.split(' ');
  return type === 'MX' ? { PRIORITY: priority, VALUE: rest.join(' ') } : { VALUE: value };
}
