import { VmChangedData, type VmFact } from '@vmdns/contracts';
import { faultsOfFact } from '@vmdns/domain';

/** Something that a person shall mend, by the line of the file where it stands (the first is 1). */
export interface LineFault { readonly line: number; readonly vmId?: string; readonly what: string }

/** A VM as a file says it, and where: each of its lines, and the line of each of its addresses. */
export interface FoundVm {
  readonly vmId: string;
  readonly fact: VmFact;
  readonly lines: readonly number[];
  readonly addressLines: readonly number[];
}

/** What a file says: VMs that can be told, and what is wrong with the others. Of a VM with a fault no line is told. */
export interface Found { readonly vms: readonly FoundVm[]; readonly faults: readonly LineFault[]; readonly notes: readonly LineFault[] }

/** Parts VMs that are sound from those with faults, by the rules of the door itself; so nothing is ever half stored. */
export function checked(vms: readonly FoundVm[], faults: readonly LineFault[]): Found {
  const all = [...faults, ...vms.flatMap(faultsOf)];
  const faulty = new Set(all.flatMap(({ vmId }) => vmId ?? []));
  const leftOut = vms.filter((vm) => faulty.has(vm.vmId)).flatMap((vm) => leftOutLines(vm, all));
  const sound = vms.filter((vm) => !faulty.has(vm.vmId));
  return { vms: sound, faults: [...all, ...leftOut].toSorted((a, b) => a.line - b.line), notes: sharedAddresses(sound) };
}

function leftOutLines(vm: FoundVm, faults: readonly LineFault[]): LineFault[] {
  const own = new Set(faults.filter((fault) => fault.vmId === vm.vmId).map((fault) => fault.line));
  const [first = 0] = [...own].sort((a, b) => a - b);
  return vm.lines.filter((line) => !own.has(line)).map((line) => ({ line, vmId: vm.vmId, what: `left out: line ${first}, of the same VM, has a fault` }));
}

function faultsOf(vm: FoundVm): LineFault[] {
  const shape = VmChangedData.safeParse({ ...vm.fact, vmId: vm.vmId });
  const told = shape.success ? [] : shape.error.issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys.map((key) => ({ path: [...issue.path, key], message: 'unknown field' })) : [{ path: issue.path, message: issueText(issue.message) }]))
    .map(({ path, message }) => ({ path: pathText(path), message }));
  if (told.length > 0) return told.map((fault) => at(vm, fault));
  const meaning = faultsOfFact(vm.vmId, vm.fact);
  return meaning.ok ? [] : meaning.faults.map((fault) => at(vm, fault));
}

/** A fault as the line where it stands: that of the address, else the VM's first. */
export function at(vm: FoundVm, { path, message }: { readonly path: string; readonly message: string }): LineFault {
  const [, address, rest] = /^addresses\[(\d+)\](?:\.(.*))?$/.exec(path) ?? [];
  const line = (address === undefined ? undefined : vm.addressLines[Number(address)]) ?? vm.lines[0] ?? 0;
  const what = (rest ?? path).replace(/^\(body\)$/, '');
  const text = message.replace(/\baddresses\[(\d+)\]/g, (said, nth: string) => (vm.addressLines[Number(nth)] === undefined ? said : `line ${vm.addressLines[Number(nth)]}`));
  return { line, vmId: vm.vmId, what: what === '' ? text : `${what}: ${text}` };
}

/** What a schema says, for people. */
export const issueText = (message: string) => (/received undefined$/.test(message) ? 'is required' : message.replace(/^Invalid input: expected (.*), received .*$/, 'must be of the type $1'));

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`), '');
}

/** One address at two VMs is no fault, and worth a look: only one of both gets its PTR. */
function sharedAddresses(vms: readonly FoundVm[]): LineFault[] {
  const first = new Map<string, { readonly vmId: string; readonly line: number }>();
  return vms.flatMap((vm) => vm.fact.addresses.flatMap(({ ip }, nth): LineFault[] => {
    const line = vm.addressLines[nth] ?? vm.lines[0] ?? 0;
    const before = first.get(ip);
    if (before === undefined) first.set(ip, { vmId: vm.vmId, line });
    return before === undefined || before.vmId === vm.vmId ? [] : [{ line, vmId: vm.vmId, what: `${ip} also stands at line ${before.line} (${before.vmId}): only one of both gets its PTR` }];
  }));
}
