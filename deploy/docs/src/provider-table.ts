import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { formSchemaOf, secretFieldsOf, type ProviderDefinition } from '@vmdns/provider-kit';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BEGIN = '<!-- providers: written by `npm run docs` from the definitions -->\n';
const END = '<!-- /providers -->';

/** README.md, its table of providers made anew; all else stays. */
export async function readmeWithProviders(): Promise<string> {
  const readme = readFileSync(`${ROOT}README.md`, 'utf8');
  const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`README.md has no place for the providers, between ${BEGIN.trim()} and ${END}`);
  return `${readme.slice(0, from)}${BEGIN}${tableOf(await definitions())}${readme.slice(to)}`;
}

/** What the adapters' folders define; a folder that makes its provider from something else has no row. */
async function definitions(): Promise<readonly ProviderDefinition[]> {
  const folders = readdirSync(`${ROOT}services`).filter((name) => name.startsWith('adapter-')).sort();
  const doors = await Promise.all(folders.map(async (name) => await import(`@vmdns/${name}`) as Readonly<Record<string, unknown>>));
  return doors.flatMap((door) => Object.values(door).filter(isDefinition));
}

const isDefinition = (value: unknown): value is ProviderDefinition => typeof value === 'object' && value !== null && 'capabilities' in value && 'connectionSchema' in value;

function tableOf(all: readonly ProviderDefinition[]): string {
  const head = ['provider', 'records', 'TTL in s', 'one call changes', 'a record is live when', 'zones as `0/26.2.0.192.in-addr.arpa`', 'a connection needs, and seals'];
  const rows = [head, head.map(() => '---'), ...all.map(rowOf)];
  return rows.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function rowOf({ name, capabilities, connectionSchema }: ProviderDefinition): readonly string[] {
  const { batch, classlessReverse, grain, ttl, types, verify } = capabilities;
  return [
    `[${name}](services/adapter-${name}/README.md)`, types.join(', '), `${count(ttl.min)} to ${count(ttl.max)}`,
    batch ? `many ${grain === 'rrset' ? 'RRsets' : 'records'}, all or nothing` : 'one record',
    verify === 'api' ? 'the API says so' : 'the name server answers it',
    classlessReverse ? 'yes' : 'refused', needsOf(connectionSchema),
  ];
}

/** What must be given, and what is sealed; the rest of the form has defaults. */
function needsOf(schema: ProviderDefinition['connectionSchema']): string {
  const secrets = secretFieldsOf(schema);
  const { required = [] } = formSchemaOf(schema) as { readonly required?: readonly string[] };
  const open = required.filter((field) => !secrets.includes(field));
  return [...open.map((field) => `\`${field}\``), ...secrets.map((field) => `**\`${field}\`**${required.includes(field) ? '' : ' by mode'}`)].join(', ');
}

const count = (seconds: number): string => seconds.toLocaleString('en-US');
