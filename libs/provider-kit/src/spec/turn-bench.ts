import { rrsetDigest, type Rrset } from '@vmdns/domain';
import type { ZonePort } from '../port/provider.js';
import { memoryProvider } from '../testing/memory/memory-provider.js';
import { MemoryWorld } from '../testing/memory/memory-world.js';
import { rr } from '../testing/contract/story.js';
import { runTurn } from '../engine/run-turn.js';
import type { DueName, Turn, TurnHooks, TurnKnowledge, TurnOutcome } from '../engine/turn.js';

export const APEX = 'example.com.';
export const vm = (label: string | number): string => `vm${label}.${APEX}`;
export const a = (label: string | number, ip = '192.0.2.1'): Rrset => rr(vm(label), 'A', 300, ip);
export const due = (wanted: Rrset, more: Partial<DueName> = {}): DueName => ({ name: wanted.name, wanted: [wanted], owned: {}, writing: [], foreign: [], ...more });
export const ours = (held: Rrset, wanted?: Rrset): DueName => ({ name: held.name, wanted: wanted === undefined ? [] : [wanted], owned: { [held.type]: rrsetDigest(held) }, writing: [], foreign: [] });
export const UNKNOWN: TurnKnowledge = { token: null, zoneSize: null };
export const range = (n: number): readonly number[] => Array.from({ length: n }, (_, at) => at);

/** A zone of the in-memory provider, and turns on it. */
export class Bench {
  readonly world = new MemoryWorld();
  readonly definition;
  readonly zone;
  readonly port: ZonePort;
  constructor(grain: 'rrset' | 'record' = 'rrset', change: (port: ZonePort) => ZonePort = (port) => port) {
    this.definition = memoryProvider(grain, this.world);
    const connection = { account: 'engine' };
    this.zone = this.world.zone(this.definition.target(connection, APEX, {}), APEX);
    this.port = change(this.definition.open(connection, APEX, {}));
  }

  hold(...rrsets: readonly Rrset[]): void {
    for (const rrset of rrsets) for (const value of rrset.values) this.world.add(this.zone, rrset.name, rrset.type, rrset.ttl, value);
  }

  run(names: readonly DueName[], more: Partial<Turn> = {}, hooks: TurnHooks = {}, signal = new AbortController().signal): Promise<TurnOutcome> {
    return runTurn({ provider: 'memory', apex: APEX, zone: this.port, capabilities: this.definition.capabilities, due: names, knowledge: UNKNOWN, mode: 'write', ...more }, signal, { pause: () => Promise.resolve(), ...hooks });
  }

  values(name: string): readonly string[] { return this.zone.records.filter((record) => record.name === name).map((record) => `${record.type} ${record.value}`).sort(); }
}

/** The port with some verbs replaced; a class instance cannot be spread. */
export const withVerbs = (port: ZonePort, verbs: Partial<ZonePort>): ZonePort => new Proxy(port, {
  get: (target, key) => {
    const own: unknown = Reflect.get(verbs, key) ?? Reflect.get(target, key);
    return typeof own === 'function' ? own.bind(target) as unknown : own;
  },
});
