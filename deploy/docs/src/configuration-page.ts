import { VARIABLES } from '@vmdns/local';
import { type Program, type SchemaVariable, variablesOf } from './variables.js';

const TITLES: readonly (readonly [Program, string, string])[] = [
  ['base', 'Every service', 'gateway, inventory, planner, log and every adapter read these.'],
  ['gateway', 'gateway', 'The HTTP door.'],
  ['inventory', 'inventory', ''],
  ['planner', 'planner', ''],
  ['log', 'log', ''],
  ['adapter', 'adapter-*', 'Every adapter. What it needs to know of a provider is in its connections, not in its environment.'],
  ['cli', 'vmdns, the command', 'An empty variable counts as absent.'],
];

const HEAD = `# Configuration

Made from every service's \`config.ts\`; \`npm run docs\` writes it again. Settings that belong to the business (zones,
connections, PTR templates, brakes) are not here: they are kept by the API.

- A service reads its environment once, at the start, and ends with every fault at once, by variable and never by value.
- An empty variable counts as absent.
- Every variable of a service can be read from a file: \`NATS_PASSWORD_FILE=/run/secrets/nats\` gives \`NATS_PASSWORD\` (its
  last line break is cut). Setting both is a fault. Secrets (marked) should come that way; \`DATABASE_URL\` holds a
  password, too. \`KEY_FILE\` is itself a path, and \`VMDNS_…\` variables have no \`_FILE\` but the one listed.
- Secrets and passwords inside URLs are masked in everything that is logged.
`;

/** deploy/docs/configuration.md */
export function configurationPage(): string {
  const parts = TITLES.map(([program, title, text]) => section(title, text, variablesOf(program).map(rowOf)));
  const local = section('npm start and npm run demo', 'The local stack; it gives the services it starts their own variables.', VARIABLES.map(({ name, type, preset, meaning }) => [`\`${name}\``, type, preset, meaning]));
  return [HEAD, ...parts, local].join('\n');
}

function section(title: string, text: string, rows: readonly (readonly string[])[]): string {
  const table = [['variable', 'type', 'default', 'meaning'], ['---', '---', '---', '---'], ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return [`## ${title}`, '', ...(text === '' ? [] : [text, '']), ...table, ''].join('\n');
}

function rowOf({ name, type, preset, isRequired, isSecret, meaning }: SchemaVariable): readonly string[] {
  return [`\`${name}\``, type, preset ?? (isRequired ? '**required**' : '–'), `${isSecret ? '**Secret.** ' : ''}${meaning}`];
}
