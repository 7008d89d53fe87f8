import { patch } from './patch.mjs';

/** R2: one VM as three PATCHes one after the other. Gives the statuses. */
export async function patchVm(server, patches) {
  const statuses = [];
  for (const { zone, rrsets } of patches) statuses.push(await patch(server, zone, rrsets));
  return statuses;
}
