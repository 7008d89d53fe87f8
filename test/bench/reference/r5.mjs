import { patch } from './patch.mjs';

/** R5: what many panels do: each RRset is deleted and made again, a call each. `changes`: [{zone, before, after}], RRsets of one owner and type. Gives the statuses. */
export async function deleteAndRecreate(server, changes) {
  const statuses = [];
  for (const { zone, before, after } of changes) {
    statuses.push(await patch(server, zone, [{ name: before.name, type: before.type, changetype: 'DELETE' }]));
    statuses.push(await patch(server, zone, [after]));
  }
  return statuses;
}
