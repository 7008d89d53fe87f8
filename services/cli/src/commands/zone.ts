import type { Command } from 'commander';
import type { Provider, Zone, ZoneChanged, ZoneRecord, ZoneTest } from '@vmdns/contracts';
import { EXIT, usage } from '../exit.js';
import { part, type Api } from '../http/api.js';
import { settingsOf } from '../input/settings.js';
import { table } from '../output/table.js';
import { noteOf, testText, zonesText, zoneText } from '../output/texts.js';
import { many, time, whole, type Commands, type Session } from '../session.js';
import { zoneActionCommands } from './zone-actions.js';
import { zoneBrakeCommand } from './zone-brake.js';
import { findConnection, findZone } from './lookup.js';

interface AddOptions {
  readonly connection: string; readonly mode?: string; readonly ttlForward?: number; readonly ttlReverse?: number; readonly addresses?: string; readonly reserved?: readonly string[]; readonly set?: readonly string[]; readonly compareEvery?: number;
}
const TEST_TIMEOUT_MS = 45_000;

const shape = (command: Command) => command
  .option('--mode <mode>', 'write, or observe: plan and compare only').option('--ttl-forward <seconds>', 'TTL of A and AAAA (300)', whole).option('--ttl-reverse <seconds>', 'TTL of PTR (3600)', whole)
  .option('--addresses <which>', 'all, public, private, or ranges such as 192.0.2.0/24,2001:db8::/32').option('--reserved <name>', 'a name that no VM may have; replaces the default list', many)
  .option('--compare-every <time>', 'compare it with its provider so often: 1h, 1d (1d); 0 only when asked', time)
  .option('--set <field=value>', "a setting of the provider's zones", many);

/** `vmdns zone …`: which zones vmdns writes, and where. */
export function zoneCommands(program: Command, commands: Commands): void {
  const zone = program.command('zone').description('zones: which names vmdns writes, and where');
  commands.add<{ name?: string }>(zone, 'list', 'all zones', (command) => command.option('--name <apex>', 'only this apex'), async (session, { name }) => {
    const items = await (await session.api()).all<Zone>('/v1/zones', { name });
    session.tell({ items }, zonesText(items));
  });
  commands.add(zone, 'show <zone>', 'one zone, by id or apex', (command) => command, async (session, _, said = '') => {
    const api = await session.api();
    const zone = await api.get<Zone>(`/v1/zones/${part((await findZone(api, said)).id)}`);
    session.tell(zone, zoneText(zone));
  });
  commands.add<AddOptions>(zone, 'add <apex>', 'take on a zone', (command) => shape(command).requiredOption('--connection <connection>', 'over which connection, by id or name'), add);
  commands.add<Omit<AddOptions, 'connection'>>(zone, 'set <zone>', 'change a zone', shape, change);
  commands.add<{ connection?: string; probe?: true }>(zone, 'test <zone>', 'try a zone: a saved one by id or apex, or with --connection one that is not saved', (command) => command
    .option('--connection <connection>', 'by id or name').option('--probe', 'of a saved one: also write a record, read it, ask for it over DNS, and remove it'), test);
  commands.add<{ connection: string; purge?: true; set?: readonly string[] }>(zone, 'move <zone>', 'to another connection: added there, then given up here', (command) => command
    .requiredOption('--connection <connection>', 'by id or name').option('--purge', 'remove our records at the first, each when the second has it; without it they stay there')
    .option('--set <field=value>', "a setting of the other provider's zones", many), async (session, options, said = '') => {
    const api = await session.api();
    const [found, to] = await Promise.all([findZone(api, said), findConnection(api, options.connection)]);
    const moved = await api.post<Zone>(`/v1/zones/${part(found.id)}/move`, { connectionId: to.id, ...(options.purge === true ? { purge: true } : {}), ...(options.set === undefined ? {} : { settings: settingsOf(options.set, await zoneSchemaOf(api, to.provider)) }) });
    session.tell(moved, [`${moved.name} moves to ${to.name} (zone ${moved.id}); ${options.purge === true ? 'each record goes here when it is there' : 'what is here stays here'}.`]);
  });
  commands.add<{ purge?: true }>(zone, 'remove <zone>', 'give a zone back; its records stay there unless purged', (command) => command.option('--purge', 'remove our records first'), async (session, { purge }, said = '') => {
    const api = await session.api();
    const found = await findZone(api, said);
    const removed = await api.delete<Zone>(`/v1/zones/${part(found.id)}`, { purge: purge === true ? true : undefined });
    session.tell(removed, [`${removed.name} is ${removed.state === 'leaving' ? 'on its way out: our records are being removed' : 'removed; its records stay where they are'}.`]);
  });
  zoneActionCommands(zone, commands);
  zoneBrakeCommand(zone, commands);
  commands.add<{ state?: string; limit?: number }>(zone, 'records <zone>', 'its names as planned', (command) => command.option('--state <state>', 'only names in this state').option('-n, --limit <n>', 'at most so many (100)', whole), async (session, { state, limit }, said = '') => {
    const api = await session.api();
    const items = await api.all<ZoneRecord>(`/v1/zones/${part((await findZone(api, said)).id)}/records`, { state }, limit ?? 100);
    session.tell({ items }, items.length === 0 ? ['no names'] : table([
      { title: 'NAME', of: (each: ZoneRecord) => each.name },
      { title: 'RECORDS', of: (each) => each.rrsets.map((rrset) => `${rrset.type} ${rrset.values.join(', ')}`).join('; ') },
      { title: 'STATE', of: (each) => each.state },
      { title: 'WHY', of: (each) => each.reason?.text ?? '' },
    ], items));
  });
}

async function add(session: Session, options: AddOptions, apex = ''): Promise<void> {
  const api = await session.api();
  const connection = await findConnection(api, options.connection);
  const body = { name: apex, connectionId: connection.id, ...await bodyOf(api, options, connection.provider) };
  const made = await api.post<Zone>('/v1/zones', body);
  session.tell(made, [`${made.name} is zone ${made.id}, over ${connection.name}${made.mode === 'observe' ? '; it is only observed' : ''}.`]);
}

async function change(session: Session, options: Omit<AddOptions, 'connection'>, said = ''): Promise<void> {
  const api = await session.api();
  const found = await findZone(api, said);
  const body = await bodyOf(api, options, found.provider);
  if (Object.keys(body).length === 0) throw usage('say what to change: see vmdns zone set --help');
  const changed = await api.patch<ZoneChanged>(`/v1/zones/${part(found.id)}`, body);
  session.tell(changed, [`${changed.name} is changed.`, ...noteOf(changed)]);
}

async function test(session: Session, options: { readonly connection?: string; readonly probe?: true }, said = ''): Promise<1 | 0> {
  if (options.connection !== undefined && options.probe === true) throw usage('only a saved zone is tried with a record', `vmdns zone add ${said} --connection ${options.connection} --mode observe`);
  const api = await session.api();
  const result = options.connection === undefined
    ? await api.post<ZoneTest>(`/v1/zones/${part((await findZone(api, said)).id)}/test`, options.probe === true ? { probe: true } : undefined, TEST_TIMEOUT_MS)
    : await api.post<ZoneTest>('/v1/zones/test', { name: said, connectionId: (await findConnection(api, options.connection)).id }, TEST_TIMEOUT_MS);
  session.tell(result, testText(result));
  return result.ok ? EXIT.done : EXIT.failed;
}

async function bodyOf(api: Api, options: Omit<AddOptions, 'connection'>, provider: string): Promise<Record<string, unknown>> {
  const { mode, ttlForward, ttlReverse, addresses, reserved, set, compareEvery } = options;
  const ttl = { ...(ttlForward === undefined ? {} : { forward: ttlForward }), ...(ttlReverse === undefined ? {} : { reverse: ttlReverse }) };
  if (mode !== undefined && mode !== 'write' && mode !== 'observe') throw usage('--mode must be write or observe');
  return {
    ...(mode === undefined ? {} : { mode }), ...(Object.keys(ttl).length === 0 ? {} : { ttl }),
    ...(addresses === undefined ? {} : { addresses: ['all', 'public', 'private'].includes(addresses) ? addresses : { ranges: addresses.split(',').map((range) => range.trim()) } }),
    ...(reserved === undefined ? {} : { reservedNames: reserved }),
    ...(compareEvery === undefined ? {} : { reconcile: { everySeconds: Math.round(compareEvery / 1000) } }),
    ...(set === undefined ? {} : { settings: settingsOf(set, await zoneSchemaOf(api, provider)) }),
  };
}

async function zoneSchemaOf(api: Api, provider: string): Promise<Readonly<Record<string, unknown>>> {
  const { items } = await api.get<{ items: Provider[] }>('/v1/providers');
  return items.find((each) => each.name === provider)?.zoneSchema ?? {};
}
