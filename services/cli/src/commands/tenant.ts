import type { Command } from 'commander';
import type { Tenant } from '@vmdns/contracts';
import { usage } from '../exit.js';
import { part } from '../http/api.js';
import { table } from '../output/table.js';
import { many, type Commands } from '../session.js';

interface LimitOptions { readonly domain?: readonly string[]; readonly range?: readonly string[]; readonly anyDomain?: true; readonly anyRange?: true }

/** `vmdns tenant …`: what tenants may use. */
export function tenantCommands(program: Command, commands: Commands): void {
  const tenant = program.command('tenant').description('what tenants may use');
  commands.add(tenant, 'list', 'tenants that have limits', (command) => command, async (session) => {
    const answer = await (await session.api()).get<{ items: Tenant[] }>('/v1/tenants');
    session.tell(answer, answer.items.length === 0 ? ['no tenant has limits'] : tenantsText(answer.items));
  });
  commands.add(tenant, 'show <tenant>', 'what one may use', (command) => command, async (session, _, name = '') => {
    const shown = await (await session.api()).get<Tenant>(`/v1/tenants/${part(name)}`);
    session.tell(shown, tenantsText([shown]));
  });
  commands.add<LimitOptions>(tenant, 'limit <tenant>', "limit its VMs to domains and address ranges; what is not said stays as it is", (command) => command
    .option('--domain <domain>', 'names lie in this domain; again for each', many).option('--range <range>', 'addresses lie in this range; again for each', many)
    .option('--any-domain', 'any name').option('--any-range', 'any address'), async (session, { domain, range, anyDomain, anyRange }, name = '') => {
    if ((domain ?? range ?? anyDomain ?? anyRange) === undefined) throw usage('say what it may use: --domain, --range, --any-domain or --any-range');
    if ((domain !== undefined && anyDomain === true) || (range !== undefined && anyRange === true)) throw usage('either some or any');
    const api = await session.api();
    const { limits } = await api.get<Tenant>(`/v1/tenants/${part(name)}`);
    const wanted = { domains: anyDomain === true ? null : domain ?? limits.domains, ranges: anyRange === true ? null : range ?? limits.ranges };
    const now = await api.put<Tenant>(`/v1/tenants/${part(name)}/limits`, wanted);
    session.tell(now, tenantsText([now]));
  });
}

const listText = (list: readonly string[] | null) => (list === null ? 'any' : list.length === 0 ? 'none' : list.join(' '));
const tenantsText = (tenants: readonly Tenant[]) => table([
  { title: 'TENANT', of: (each: Tenant) => each.tenant },
  { title: 'DOMAINS', of: (each) => listText(each.limits.domains) },
  { title: 'RANGES', of: (each) => listText(each.limits.ranges) },
  { title: 'BY', of: (each) => each.changedBy ?? '' },
], tenants);
