import { VARIABLES } from '@vmdns/local';
import { type Program, type SchemaVariable, variablesOf } from './variables.js';

const SERVICES: readonly Program[] = ['base', 'gateway', 'inventory', 'planner', 'log', 'adapter', 'cli'];
const EXAMPLES: Readonly<Record<string, string>> = {
  NATS_URL: 'nats://nats.example:4222',
  DATABASE_URL: 'postgres://vmdns_planner:password@postgres.example:5432/vmdns',
  KEY_FILE: '/var/lib/vmdns/adapter-powerdns/keys.json',
};

/** .env.example */
export function envExample(): string {
  const head = '# Every variable, with its default; deploy/docs/configuration.md says what they mean. Written by `npm run docs`.\n';
  const local = ['# --- npm start, npm run demo', ...VARIABLES.map(({ name, preset }) => `#${name}=${valueOf(preset)}`), ''];
  return [head, ...SERVICES.flatMap((program) => [`# --- ${program === 'base' ? 'every service' : program}`, ...variablesOf(program).map(lineOf), '']), ...local].join('\n');
}

function lineOf({ name, preset, isRequired, isSecret }: SchemaVariable): string {
  if (isRequired) return `${name}=${EXAMPLES[name] ?? ''}`;
  return isSecret && name !== 'VMDNS_TOKEN' ? `#${name}_FILE=` : `#${name}=${valueOf(preset ?? '')}`;
}

/** A default that is a sentence is no value. */
function valueOf(preset: string): string {
  return /^`[^`]*`$/.test(preset) ? preset.slice(1, -1) : '';
}
