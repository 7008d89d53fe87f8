import type { Rrset } from '@vmdns/domain';
import { ProviderError } from '../../port/provider-error.js';
import type { RrsetChange, ZonePort } from '../../port/provider.js';
import type { MemoryWorld, MemoryZone } from '../memory/memory-world.js';
import type { AlterProvider } from './memory-harness.js';

/** A provider with one fault, and the clause that must be the first to fail. */
export interface Mutant { readonly clause: number; readonly fault: string; readonly alter: AlterProvider; readonly grains?: readonly ('rrset' | 'record')[] }

type Zone = () => MemoryZone;
type Verbs = (port: ZonePort, world: MemoryWorld, zone: Zone) => Partial<ZonePort>;
type Put = RrsetChange & { readonly kind: 'put' };

/** The port with some verbs replaced. */
const verbs = (change: Verbs): AlterProvider => (provider, world) => ({
  ...provider,
  open: (connection, apex, settings) => {
    const port = provider.open(connection, apex, settings);
    const own = change(port, world, () => world.zone(provider.target(connection, apex, settings), apex));
    return new Proxy(port, {
      get: (target, key) => {
        const verb: unknown = Reflect.get(own, key) ?? Reflect.get(target, key);
        return typeof verb === 'function' ? verb.bind(target) as unknown : verb;
      },
    });
  },
});

/** Every RRset that is read, changed. */
const reads = (change: (rrset: Rrset) => readonly Rrset[]): AlterProvider => verbs((port) => ({
  readNames: async (names, signal) => {
    const reading = await port.readNames(names, signal);
    return { ...reading, held: new Map([...reading.held].map(([name, held]) => [name, held.flatMap(change)])) };
  },
  readZone: (take, signal) => port.readZone((piece) => take(piece.flatMap(change)), signal),
}));

/** Every change that is written, changed. */
const writes = (change: (changes: readonly RrsetChange[], held: ReadonlyMap<string, readonly Rrset[]>, zone: MemoryZone) => readonly RrsetChange[]): AlterProvider => verbs((port, _world, zone) => ({
  write: (changes, held, signal) => port.write(change(changes, held, zone()), held, signal),
}));

const puts = (change: (put: Put) => Rrset): AlterProvider => writes((changes) => changes.map((one) => (one.kind === 'put' ? { kind: 'put', rrset: change(one) } : one)));

/** Errors that come out of a verb, changed; whatever comes in place of one may also be an answer. */
const errors = (change: (error: ProviderError) => ProviderError): AlterProvider => verbs((port) => {
  const guard = async <T>(call: Promise<T>): Promise<T> => call.catch((error: unknown) => { throw error instanceof ProviderError ? change(error) : error; });
  return {
    readNames: (names, signal) => guard(port.readNames(names, signal)),
    readZone: (take, signal) => guard(port.readZone(take, signal)),
    write: (changes, held, signal) => guard(port.write(changes, held, signal)),
  };
});

const another = (error: ProviderError, kind: ProviderError['kind'], more: Partial<ProviderError['detail']> = {}): ProviderError => new ProviderError(kind, error.message, { ...error.detail, ...more });
const isAbout = (error: ProviderError, fault: string): boolean => error.message.endsWith(fault);
const nameOf = (change: RrsetChange): string => (change.kind === 'put' ? change.rrset.name : change.name);

/** What goes wrong in real adapters, one at a time. */
export const MUTANTS: readonly Mutant[] = [
  { clause: 1, fault: 'an empty zone lists a record of the template', alter: reads((rrset) => (rrset.type === 'SOA' ? [rrset, { name: `www.${rrset.name}`, type: 'A', ttl: 300, values: ['192.0.2.200'] }] : [rrset])) },
  { clause: 2, fault: 'the TTL is the zone default', alter: puts(({ rrset }) => ({ ...rrset, ttl: 3600 })) },
  { clause: 2, fault: 'the name is taken as relative', alter: verbs((port, _world, zone) => ({ write: async (changes, held, signal) => {
    const receipt = await port.write(changes, held, signal);
    const { apex, records } = zone();
    zone().records = records.map((record) => (changes.some((change) => nameOf(change) === record.name) && record.name !== apex ? { ...record, name: `${record.name}${apex}` } : record));
    return receipt;
  } })) },
  { clause: 2, fault: 'a listing shows old answers', alter: verbs((port) => ({ readZone: (take, signal) => port.readZone((piece) => take(piece.filter((rrset) => rrset.type !== 'A')), signal) })) },
  { clause: 3, fault: 'a reading moves the serial', alter: verbs((port, _world, zone) => ({ readNames: (names, signal) => { if (zone().records.some((record) => record.name === names[0] && record.type === 'A')) zone().serial += 1; return port.readNames(names, signal); } })) },
  { clause: 3, fault: 'a TTL is counted down, as by a cache', alter: (provider, world) => {
    let age = 0;
    return verbs((port) => ({ readNames: async (names, signal) => {
      const reading = await port.readNames(names, signal);
      age += names.includes('web.contract.example.') ? 1 : 0;
      return { ...reading, held: new Map([...reading.held].map(([name, held]) => [name, held.map((rrset) => (age === 3 ? { ...rrset, ttl: rrset.ttl - 1 } : rrset))])) };
    } }))(provider, world);
  } },
  { clause: 4, fault: 'values that are there already are left alone, whatever the TTL', alter: writes((changes, _held, zone) => changes.map((change) => {
    if (change.kind === 'remove') return change;
    const there = zone.records.filter((record) => record.name === change.rrset.name && record.type === change.rrset.type);
    const isEqual = there.length > 0 && there.map((record) => record.value).sort().join() === [...change.rrset.values].sort().join();
    return isEqual ? { kind: 'put', rrset: { ...change.rrset, ttl: there[0]?.ttl ?? 0 } } : change;
  })) },
  { clause: 4, fault: 'a put adds, and never takes away', alter: writes((changes, _held, zone) => changes.map((change) => {
    if (change.kind === 'remove') return change;
    const there = zone.records.filter((record) => record.name === change.rrset.name && record.type === change.rrset.type).map((record) => record.value);
    return { kind: 'put', rrset: { ...change.rrset, values: [...new Set([...there, ...change.rrset.values])] } };
  })) },
  { clause: 5, fault: 'an address keeps the spelling of its owner, and looks like another', alter: reads((rrset) => [rrset.type === 'AAAA' ? { ...rrset, values: rrset.values.map((value) => `${value}%0`) } : rrset]) },
  { clause: 6, fault: 'the wildcard comes back escaped', alter: verbs((port) => ({ readZone: (take, signal) => port.readZone((piece) => take(piece.map((rrset) => ({ ...rrset, name: rrset.name.replace('*', '\\052') }))), signal) })) },
  { clause: 6, fault: 'a removal at the apex takes all that is there', alter: verbs((port, _world, zone) => ({ write: async (changes, held, signal) => {
    const receipt = await port.write(changes, held, signal);
    if (changes.some((change) => change.kind === 'remove' && change.name === zone().apex)) zone().records = zone().records.filter((record) => record.name !== zone().apex);
    return receipt;
  } })) },
  { clause: 7, fault: 'of many PTR values one is kept', alter: puts(({ rrset }) => (rrset.type === 'PTR' ? { ...rrset, values: rrset.values.slice(0, 1) } : rrset)) },
  { clause: 7, fault: 'the nibbles of an IPv6 name are turned round', alter: puts(({ rrset }) => (rrset.name.endsWith('ip6.arpa.') ? { ...rrset, name: `${rrset.name.split('.').slice(0, 24).reverse().join('.')}.8.b.d.0.1.0.0.2.ip6.arpa.` } : rrset)) },
  { clause: 7, fault: 'the names of classless zones are not taken', alter: puts(({ rrset }) => { if (rrset.name.includes('/')) throw new ProviderError('refused', 'no such name'); return rrset; }) },
  { clause: 8, fault: 'additions come before removals', grains: ['rrset'], alter: writes((changes) => [...changes].sort((one, other) => (one.kind === other.kind ? 0 : one.kind === 'put' ? -1 : 1))) },
  { clause: 8, fault: 'a removal is done later', grains: ['record'], alter: (provider, world) => {
    const later: RrsetChange[] = [];
    return verbs((port) => ({ write: async (changes, held, signal) => {
      const now = [...changes.filter((change) => change.kind === 'put'), ...later.splice(0)];
      later.push(...changes.filter((change) => change.kind === 'remove'));
      return port.write(now, held, signal);
    } }))(provider, world);
  } },
  { clause: 9, fault: 'removing what is absent is an error', alter: verbs((port, _world, zone) => ({ write: (changes, held, signal) => {
    const missing = changes.find((change) => change.kind === 'remove' && !zone().records.some((record) => record.name === change.name && record.type === change.type));
    return missing === undefined ? port.write(changes, held, signal) : Promise.reject(new ProviderError('refused', `removing ${nameOf(missing)}: it does not exist`));
  } })) },
  { clause: 10, fault: 'a put replaces all types at its name', alter: verbs((port, _world, zone) => ({ write: async (changes, held, signal) => {
    const { apex } = zone();
    const put = new Map(changes.flatMap((change) => (change.kind === 'put' && change.rrset.name !== apex ? [[change.rrset.name, change.rrset.type] as const] : [])));
    zone().records = zone().records.filter((record) => !put.has(record.name) || put.get(record.name) === record.type || ['A', 'AAAA', 'CNAME', 'PTR'].includes(record.type));
    return port.write(changes, held, signal);
  } })) },
  { clause: 10, fault: 'notes beside records are lost', alter: verbs((port, _world, zone) => ({ write: async (changes, held, signal) => {
    const receipt = await port.write(changes, held, signal);
    zone().records = zone().records.map(({ note: _note, ...record }) => record);
    return receipt;
  } })) },
  { clause: 11, fault: 'only the first page is read', alter: verbs((port) => ({ readZone: async (take, signal) => {
    let left = 100;
    return port.readZone((piece) => { take(piece.slice(0, left)); left = Math.max(0, left - piece.length); }, signal);
  } })) },
  { clause: 12, fault: 'a TTL above a day is cut, which the capabilities do not say', alter: puts(({ rrset }) => ({ ...rrset, ttl: Math.min(rrset.ttl, 86_400) })) },
  { clause: 12, fault: 'a TTL of nought is refused, which the capabilities do not say', alter: puts(({ rrset }) => { if (rrset.ttl === 0) throw new ProviderError('refused', 'TTL too low'); return rrset; }) },
  { clause: 13, fault: 'a wrong key is tried again and again', alter: errors((error) => (error.kind === 'credentials' ? another(error, 'retry') : error)) },
  { clause: 13, fault: 'a throttle is a failure', alter: errors((error) => (error.kind === 'throttled' ? another(error, 'retry') : error)) },
  { clause: 13, fault: 'a throttle says no time', alter: errors((error) => (error.kind === 'throttled' ? new ProviderError('throttled', error.message) : error)) },
  { clause: 13, fault: 'a zone that is missing is refused for ever', alter: errors((error) => (error.kind === 'missing-zone' ? another(error, 'refused') : error)) },
  { clause: 13, fault: 'trouble at the server counts as a refusal', alter: errors((error) => (isAbout(error, 'server-error') ? another(error, 'refused') : error)) },
  { clause: 13, fault: 'what cannot be read is taken for an empty zone', alter: verbs((port) => ({
    readNames: (names, signal) => port.readNames(names, signal).catch(() => ({ held: new Map(names.map((name) => [name, []])), token: null })),
  })) },
  { clause: 14, fault: 'a lost answer counts as surely not applied', alter: errors((error) => (error.detail.inDoubt === true && !isAbout(error, 'time') ? another(error, 'retry', { inDoubt: false }) : error)) },
  { clause: 15, fault: 'a slow call cannot be cancelled', alter: verbs((port, world) => ({ readNames: (names) => { world.slowMs = world.fault === 'slow' && names.some((name) => name.startsWith('late')) ? 3_500 : 200; return port.readNames(names, new AbortController().signal); } })) },
  { clause: 15, fault: 'zones share what was opened last', alter: (provider) => {
    let last: ZonePort | undefined;
    const open = (connection: Parameters<typeof provider.open>[0], apex: string): ZonePort => {
      const own = provider.open(connection, apex, {});
      if (apex.startsWith('other') || apex.startsWith('blocked')) last = own;
      return apex.startsWith('other') || apex.startsWith('blocked') ? new Proxy(own, { get: (target, key) => { const verb: unknown = Reflect.get(last ?? target, key); return typeof verb === 'function' ? verb.bind(last ?? target) as unknown : verb; } }) : own;
    };
    return { ...provider, open };
  } },
  { clause: 16, fault: 'the key is in an error', alter: errors((error) => new ProviderError(error.kind, error.message, { ...error.detail, cause: new Error('GET /?key=a-key-nobody-may-see') })) },
  { clause: 16, fault: 'the key is in a step of the zone test', alter: (provider) => ({ ...provider, async *testZone(connection, apex, settings, signal) {
    for await (const step of provider.testZone(connection, apex, settings, signal)) yield { ...step, text: `${step.text} (${connection.key ?? ''})` };
  } }) },
];
