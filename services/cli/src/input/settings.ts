import { usage } from '../exit.js';
import { pairs } from './secret.js';

interface Field { readonly type?: unknown; readonly writeOnly?: unknown }

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The fields of a form, those of its alternatives included. */
export function fieldsOf(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, Field>> {
  const own = isObject(schema.properties) ? schema.properties as Readonly<Record<string, Field>> : {};
  const others = ['anyOf', 'oneOf', 'allOf'].flatMap((kind) => Array.isArray(schema[kind]) ? schema[kind].filter(isObject) : []);
  return Object.assign({}, ...others.map(fieldsOf), own) as Readonly<Record<string, Field>>;
}

/** Names of the secret fields of a form. */
export const secretsOf = (schema: Readonly<Record<string, unknown>>) => Object.entries(fieldsOf(schema)).filter(([, field]) => field.writeOnly === true).map(([name]) => name);

/** Names of the fields that must be given. */
export const requiredOf = (schema: Readonly<Record<string, unknown>>) => Array.isArray(schema.required) ? schema.required.filter((name): name is string => typeof name === 'string') : [];

/** `--set name=value` by a form: numbers, flags and JSON where the field is no text. A secret is refused here. */
export function settingsOf(given: readonly string[], schema: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const fields = fieldsOf(schema);
  const secrets = secretsOf(schema);
  return Object.fromEntries(pairs(given).map(([name, text]) => {
    if (secrets.includes(name)) throw usage(`${name} is a secret and must not stand on the command line`, `give it by --set-file ${name}=<path>, --set-env ${name}=<variable> or --secret-stdin, or be asked for it`);
    return [name, valueOf(name, text, fields[name])];
  }));
}

function valueOf(name: string, text: string, field: Field | undefined): unknown {
  if (field === undefined || field.type === 'string' || field.type === undefined) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw usage(`${name} must be ${String(field.type)}, written as JSON`);
  }
}
