import type { Connection, Zone } from '@vmdns/contracts';
import { CommandError, EXIT } from '../exit.js';
import type { Api } from '../http/api.js';

/** The connection that a person means: its id, or its name where only one has it. */
export async function findConnection(api: Api, said: string): Promise<Connection> {
  const all = await api.all<Connection>('/v1/connections');
  return theOne(all, (each) => each.id === said, (each) => each.name === said, `connection "${said}"`);
}

/** The zone that a person means: its id, or its apex where only one entry has it. */
export async function findZone(api: Api, said: string): Promise<Zone> {
  const all = await api.all<Zone>('/v1/zones');
  const apex = `${said.toLowerCase().replace(/\.$/, '')}.`;
  return theOne(all, (each) => each.id === said, (each) => each.name === said || each.name === apex, `zone "${said}"`);
}

function theOne<T extends { readonly id: string }>(all: readonly T[], byId: (each: T) => boolean, byName: (each: T) => boolean, what: string): T {
  const exact = all.find(byId);
  const [first, ...others] = exact === undefined ? all.filter(byName) : [exact];
  if (first === undefined) throw new CommandError(EXIT.failed, `there is no ${what}`);
  if (others.length > 0) throw new CommandError(EXIT.failed, `more than one is called so; take an id`, [first, ...others].map((each) => each.id));
  return first;
}
