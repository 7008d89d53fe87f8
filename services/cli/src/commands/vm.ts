import type { Command } from 'commander';
import type { FactAnswer, VmDns, VmFact, VmView } from '@vmdns/contracts';
import { EXIT, usage } from '../exit.js';
import { part } from '../http/api.js';
import { textOfFile } from '../input/file.js';
import { pairs } from '../input/secret.js';
import { dnsText, vmsText, vmText } from '../output/texts.js';
import { many, time, whole, type Commands } from '../session.js';
import type { Shell } from '../shell.js';
import { dnsExit, tellFact, waitForDns, waitOption } from './waiting.js';

interface PutOptions {
  readonly fqdn?: string; readonly hostname?: string; readonly domain?: string; readonly ip?: readonly string[]; readonly ptr?: readonly string[]; readonly forward?: readonly string[];
  readonly tenant?: string; readonly uid?: string; readonly version?: number; readonly shareName?: true; readonly label?: readonly string[]; readonly file?: string; readonly wait?: number | true;
}
interface LifeOptions { readonly uid?: string; readonly version?: number; readonly wait?: number | true }

/** `vmdns vm …`: facts about virtual machines. */
export function vmCommands(program: Command, commands: Commands): void {
  const vm = program.command('vm').description('virtual machines: say what is true, see what DNS they have');
  commands.add<PutOptions>(vm, 'put <vmId>', 'say all that is true of a VM', putShape, async (session, options, vmId = '') => {
    const fact = options.file === undefined ? factOf(options) : await factOfFile(options.file, options, session.shell);
    const api = await session.api();
    const answer = await api.put<FactAnswer>(`/v1/vms/${part(vmId)}`, fact);
    return tellFact(session, api, answer, 'the fact', waitOption(options.wait));
  });
  commands.add(vm, 'get <vmId>', 'what is known of a VM', (command) => command, async (session, _, vmId = '') => {
    const view = await (await session.api()).get<VmView>(`/v1/vms/${part(vmId)}`);
    session.tell(view, vmText(view));
  });
  commands.add<LifeOptions>(vm, 'delete <vmId>', 'the VM is gone', (command) => command
    .option('--uid <uid>', 'only this life of the VM').option('--version <n>', "the publisher's counter", whole).option('--wait [time]', 'until its records are gone, at most so long (30s)', time), async (session, options, vmId = '') => {
    const api = await session.api();
    const answer = await api.delete<FactAnswer>(`/v1/vms/${part(vmId)}`, { uid: options.uid, version: options.version });
    return tellFact(session, api, answer, 'the deletion', waitOption(options.wait));
  });
  commands.add<{ ip?: string; name?: string; tenant?: string; limit?: number }>(vm, 'find', 'VMs by address or name', (command) => command
    .option('--ip <address>').option('--name <name>').option('--tenant <tenant>').option('-n, --limit <n>', 'at most so many (100)', whole), async (session, { ip, name, tenant, limit }) => {
    const vms = await (await session.api()).all<VmView>('/v1/vms', { ip, name, tenant }, limit ?? 100);
    session.tell({ items: vms }, vmsText(vms));
  });
  commands.add<{ revision?: number; wait?: number | true }>(vm, 'dns <vmId>', "how a VM's records stand, and why", (command) => command
    .option('--revision <n>', 'live means: for this revision or a later one', whole).option('--wait [time]', 'until live, at most so long (30s)', time), async (session, options, vmId = '') => {
    const api = await session.api();
    const waitMs = waitOption(options.wait);
    const dns = waitMs === undefined ? await api.get<VmDns>(`/v1/vms/${part(vmId)}/dns`, { revision: options.revision }) : await waitForDns(api, vmId, options.revision, waitMs, session.shell.now);
    session.tell(dns, dnsText(dns));
    return waitMs === undefined ? EXIT.done : dnsExit(dns);
  });
}

/** `vmdns ptr …`: the customer's own reverse names. */
export function ptrCommands(program: Command, commands: Commands): void {
  const ptr = program.command('ptr').description("the customer's reverse name of one address");
  const shape = (command: Command) => command.option('--uid <uid>', 'only this life of the VM').option('--wait [time]', 'until it is live, at most so long (30s)', time);
  const lifeOf = ({ uid }: LifeOptions) => uid === undefined ? {} : { uid };
  commands.add<LifeOptions>(ptr, 'set <vmId> <ip> <hostname>', 'set the reverse name', shape, async (session, options, vmId = '', ip = '', hostname = '') => {
    const api = await session.api();
    const answer = await api.put<FactAnswer>(`/v1/vms/${part(vmId)}/addresses/${part(ip)}/ptr`, { hostname, ...lifeOf(options) });
    return tellFact(session, api, answer, `the reverse name of ${ip}`, waitOption(options.wait));
  });
  commands.add<LifeOptions>(ptr, 'reset <vmId> <ip>', 'go back to the default', shape, async (session, options, vmId = '', ip = '') => {
    const api = await session.api();
    const answer = await api.put<FactAnswer>(`/v1/vms/${part(vmId)}/addresses/${part(ip)}/ptr`, { hostname: null, ...lifeOf(options) });
    return tellFact(session, api, answer, `the default for ${ip}`, waitOption(options.wait));
  });
}

function putShape(command: Command): Command {
  return command
    .option('--fqdn <name>', 'full name, such as vm1.example.com').option('--hostname <name>', 'name below the domain').option('--domain <name>', 'its domain, else the main domain')
    .option('--ip <address>', 'an address; again for each, the first of a family is primary', many)
    .option('--ptr <address=name>', 'its reverse name; empty for the default', many).option('--forward <address>', 'also make A or AAAA for this address', many)
    .option('--tenant <tenant>').option('--uid <uid>', "the machine's own unique id").option('--version <n>', "the publisher's counter", whole)
    .option('--share-name', 'other VMs of the tenant may have the same name').option('--label <name=value>', 'a label', many)
    .option('--file <path>', 'the fact as JSON from a file, - is standard input').option('--wait [time]', 'until live, at most so long (30s)', time);
}

/** The fact that the options say; an address named by --ptr or --forward must be one of --ip. */
export function factOf(options: PutOptions): VmFact {
  const ptrs = new Map(pairs(options.ptr ?? []));
  const forward = new Set(options.forward ?? []);
  const ips = options.ip ?? [];
  for (const ip of [...ptrs.keys(), ...forward]) if (!ips.includes(ip)) throw usage(`${ip} is not among the addresses: add --ip ${ip}`);
  const { fqdn, hostname, domain, tenant, uid, version, shareName } = options;
  return {
    ...defined({ fqdn, hostname, domain, tenant, uid, version, shareName }),
    addresses: ips.map((ip) => ({ ip, ...(ptrs.has(ip) ? { ptr: ptrs.get(ip) || null } : {}), ...(forward.has(ip) ? { forward: true } : {}) })),
    ...(options.label === undefined ? {} : { labels: Object.fromEntries(pairs(options.label)) }),
  };
}

const OF_FACT = ['fqdn', 'hostname', 'domain', 'ip', 'ptr', 'forward', 'tenant', 'uid', 'version', 'shareName', 'label'] as const;

async function factOfFile(path: string, options: PutOptions, shell: Shell): Promise<unknown> {
  const beside = OF_FACT.filter((name) => options[name] !== undefined).map((name) => `--${name === 'shareName' ? 'share-name' : name}`);
  if (beside.length > 0) throw usage(`--file is the whole fact: without ${beside.join(', ')}`);
  const content = await textOfFile(path, shell);
  try {
    return JSON.parse(content) as unknown;
  } catch {
    throw usage(`${path === '-' ? 'standard input' : path} is not JSON`);
  }
}

/** Without the fields that were not given. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
