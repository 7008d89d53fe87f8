import type { Command, CommandName } from '@vmdns/contracts';
import { rrsetDigest } from '@vmdns/domain';

/** One name of a command on its way into the table. */
export interface Incoming {
  readonly zoneId: string;
  readonly ownerName: string;
  readonly timeline: number;
  readonly generation: number;
  readonly digest: string;
  /** RrsetBody[] as JSON. */
  readonly wanted: string;
  /** `rrsetDigest` of each, as JSON: the intent when a turn puts them (L4). */
  readonly puts: string;
  /** Ids as JSON. */
  readonly vms: string;
  readonly priority: number;
  readonly released: boolean;
  readonly adopt: boolean;
}

/** (timeline, generation) compare as a pair (PROTOCOL §3): below 0 when `a` is lower. */
export function comparePairs(a: { readonly timeline: number; readonly generation: number }, b: { readonly timeline: number; readonly generation: number }): number {
  return a.timeline - b.timeline || a.generation - b.generation;
}

export function incomingOf(zoneId: string, name: CommandName): Incoming {
  return {
    zoneId,
    ownerName: name.name,
    timeline: name.timeline,
    generation: name.generation,
    digest: name.digest,
    wanted: JSON.stringify(name.rrsets),
    puts: JSON.stringify(name.rrsets.map(rrsetDigest)),
    vms: JSON.stringify(name.vms),
    priority: name.priority,
    released: name.released === true,
    adopt: name.adopt === true,
  };
}

/** Of each key the highest pair; of equals the first. What is left out was overtaken before it was heard. */
export function newestOf(all: readonly Incoming[], keyOf: (incoming: Incoming) => string): readonly Incoming[] {
  const newest = new Map<string, Incoming>();
  for (const incoming of all) {
    const key = keyOf(incoming);
    const known = newest.get(key);
    if (known === undefined || comparePairs(incoming, known) > 0) newest.set(key, incoming);
  }
  return [...newest.values()];
}

/** The names of many commands, each (zone entry, owner name) once. */
export function namesOf(commands: readonly Command[]): readonly Incoming[] {
  const all = commands.flatMap((command) => command.names.map((name) => incomingOf(command.zoneId, name)));
  return newestOf(all, (incoming) => `${incoming.zoneId} ${incoming.ownerName}`);
}
