import type { Command } from 'commander';
import type { Connection, Provider } from '@vmdns/contracts';
import { CommandError, EXIT, usage } from '../exit.js';
import { part, type Api } from '../http/api.js';
import { askSecret, givenSecrets, type SecretOptions } from '../input/secret.js';
import { requiredOf, secretsOf, settingsOf } from '../input/settings.js';
import { connectionsText } from '../output/texts.js';
import { table } from '../output/table.js';
import { many, type Commands, type Session } from '../session.js';
import { findConnection } from './lookup.js';

interface AddOptions extends SecretOptions { readonly provider: string; readonly set?: readonly string[] }
interface ChangeOptions extends SecretOptions { readonly name?: string; readonly set?: readonly string[]; readonly unset?: readonly string[]; readonly sameServer?: true }

const secretShape = (command: Command) => command
  .option('--set-file <field=path>', 'a secret from a file', many).option('--set-env <field=variable>', 'a secret from a variable', many)
  .option('--secret-stdin [field]', 'a secret from standard input');

/** `vmdns connection …` and `vmdns provider …`: how vmdns reaches name servers. */
export function connectionCommands(program: Command, commands: Commands): void {
  const provider = program.command('provider').description('what kinds of name servers there are');
  commands.add(provider, 'list', 'the providers that have announced themselves', (command) => command, async (session) => {
    const items = await providersOf(await session.api());
    session.tell({ items }, items.length === 0 ? ['no adapter has announced itself'] : table([
      { title: 'PROVIDER', of: (each: Provider) => each.name },
      { title: 'NEEDS', of: (each) => requiredOf(each.connectionSchema).join(', ') },
      { title: 'SECRETS', of: (each) => secretsOf(each.connectionSchema).join(', ') },
    ], items));
  });

  const connection = program.command('connection').description('connections to name servers and their credentials');
  commands.add(connection, 'list', 'all connections', (command) => command, async (session) => {
    const api = await session.api();
    const [items, providers] = await Promise.all([api.all<Connection>('/v1/connections'), providersOf(api)]);
    session.tell({ items }, connectionsText(items, providers));
  });
  commands.add(connection, 'show <connection>', 'one connection, by id or name', (command) => command, async (session, _, said = '') => {
    const api = await session.api();
    const [found, providers] = await Promise.all([findConnection(api, said), providersOf(api)]);
    session.tell(found, connectionsText([found], providers));
  });
  commands.add<AddOptions>(connection, 'add <name>', 'a new connection; asks for secrets that are not given', (command) => secretShape(command)
    .requiredOption('--provider <name>', 'see: vmdns provider list').option('--set <field=value>', 'a setting that is no secret', many), add);
  commands.add<ChangeOptions>(connection, 'set <connection>', 'change its name or settings', (command) => secretShape(command)
    .option('--name <name>').option('--set <field=value>', 'a setting that is no secret', many).option('--unset <field>', 'take a setting away', many)
    .option('--same-server', 'it is the same server as before, at whatever address: what vmdns wrote there stays its own'), change);
  commands.add<SecretOptions>(connection, 'set-secret <connection> [field]', 'put in a new secret', secretShape, setSecret);
  commands.add(connection, 'remove <connection>', 'remove a connection that no zone uses', (command) => command, async (session, _, said = '') => {
    const api = await session.api();
    const found = await findConnection(api, said);
    await api.delete(`/v1/connections/${part(found.id)}`);
    session.tell({ id: found.id }, [`${found.name} is removed.`]);
  });
}

async function add(session: Session, options: AddOptions, name = ''): Promise<void> {
  const api = await session.api();
  const { connectionSchema } = await formOf(api, options.provider);
  const secrets = secretsOf(connectionSchema);
  const settings = settingsOf(options.set ?? [], connectionSchema);
  const given = await givenSecrets(options, secrets, session.shell);
  for (const field of secrets) {
    if (field in given || !requiredOf(connectionSchema).includes(field)) continue;
    given[field] = await askOrRefuse(field, session);
  }
  const made = await api.post<Connection>('/v1/connections', { name, provider: options.provider, settings: { ...settings, ...given } });
  session.tell(made, [`${made.name} is connection ${made.id}${made.secrets.length === 0 ? '' : `; sealed: ${made.secrets.join(', ')}`}.`]);
}

async function change(session: Session, options: ChangeOptions, said = ''): Promise<void> {
  const api = await session.api();
  const found = await findConnection(api, said);
  const { connectionSchema } = await formOf(api, found.provider);
  const unset = Object.fromEntries((options.unset ?? []).map((field) => [field, null]));
  const settings = { ...settingsOf(options.set ?? [], connectionSchema), ...unset, ...await givenSecrets(options, secretsOf(connectionSchema), session.shell) };
  if (Object.keys(settings).length === 0 && options.name === undefined && options.sameServer !== true) throw usage('say what to change: --name, --set, --unset, --same-server or a secret');
  const changed = await api.patch<Connection>(`/v1/connections/${part(found.id)}`, { ...(options.name === undefined ? {} : { name: options.name }), ...(Object.keys(settings).length === 0 ? {} : { settings }), ...(options.sameServer === true ? { sameServer: true } : {}) });
  session.tell(changed, [`${changed.name} is changed.`]);
}

async function setSecret(session: Session, options: SecretOptions, said = '', field?: string): Promise<void> {
  const api = await session.api();
  const found = await findConnection(api, said);
  const secrets = secretsOf((await formOf(api, found.provider)).connectionSchema);
  const given = await givenSecrets(options.secretStdin === true && field !== undefined ? { ...options, secretStdin: field } : options, secrets, session.shell);
  if (Object.keys(given).length === 0) {
    const asked = field ?? (secrets.length === 1 ? secrets[0] : undefined);
    if (asked === undefined) throw usage(`say which secret: ${secrets.join(' or ')}`);
    given[asked] = await askOrRefuse(asked, session);
  }
  const changed = await api.put<Connection>(`/v1/connections/${part(found.id)}/secrets`, given);
  session.tell(changed, [`${changed.name}: ${Object.keys(given).join(', ')} replaced.`]);
}

async function askOrRefuse(field: string, session: Session): Promise<string> {
  const asked = await askSecret(field, session.shell);
  if (asked === undefined) throw usage(`${field} is missing and nobody can be asked`, `give it by --set-file ${field}=<path>, --set-env ${field}=<variable> or --secret-stdin ${field}`);
  return asked;
}

const providersOf = async (api: Api): Promise<Provider[]> => (await api.get<{ items: Provider[] }>('/v1/providers')).items;

async function formOf(api: Api, name: string): Promise<Provider> {
  const items = await providersOf(api);
  const found = items.find((each) => each.name === name);
  if (found === undefined) throw new CommandError(EXIT.failed, `there is no provider "${name}"`, [items.length === 0 ? 'no adapter has announced itself yet' : `there are ${items.map((each) => each.name).join(', ')}`]);
  return found;
}
