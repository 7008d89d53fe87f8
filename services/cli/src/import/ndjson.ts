import type { VmFact } from '@vmdns/contracts';
import { checked, type Found, type FoundVm, type LineFault } from './found.js';

/** One VM a line: the body of `PUT /v1/vms/{vmId}` with its `vmId`. Empty lines are passed over. */
export function readNdjson(text: string): Found {
  const faults: LineFault[] = [];
  const vms = new Map<string, FoundVm>();
  text.replace(/^\uFEFF/, '').split('\n').forEach((said, at) => {
    const line = at + 1;
    if (said.trim() === '') return;
    const vm = vmOf(said, line);
    if ('what' in vm) { faults.push(vm); return; }
    const before = vms.get(vm.vmId);
    if (before === undefined) vms.set(vm.vmId, vm);
    else if (JSON.stringify(before.fact) !== JSON.stringify(vm.fact)) faults.push({ line, vmId: vm.vmId, what: `${vm.vmId} was said otherwise at line ${before.lines[0] ?? 0}: one line a VM` });
  });
  return checked([...vms.values()], faults);
}

function vmOf(said: string, line: number): FoundVm | LineFault {
  let value: unknown;
  try {
    value = JSON.parse(said);
  } catch {
    return { line, what: 'is not JSON: one VM a line, without line breaks inside' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { line, what: 'must be an object {"vmId": …, "addresses": […]}' };
  const { vmId, ...fact } = value as { readonly vmId?: unknown };
  if (typeof vmId !== 'string' || vmId === '') return { line, what: 'vmId: is required' };
  const addresses = 'addresses' in fact && Array.isArray(fact.addresses) ? fact.addresses : [];
  // Whatever it is: `checked` asks the schema before anybody believes it.
  return { vmId, fact: fact as unknown as VmFact, lines: [line], addressLines: addresses.map(() => line) };
}
