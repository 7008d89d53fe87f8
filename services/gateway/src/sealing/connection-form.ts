import type { Fault } from '@vmdns/contracts';
import { pathText } from '../http/faults.js';
import { badInput } from '../http/problems.js';
import type { SeenProvider } from './announced-providers.js';
import { addressFields, checkBySchema, secretFields, withoutRequired } from './json-schema.js';
import { seal } from './seal.js';

export type Settings = Readonly<Record<string, unknown>>;

/** Settings fit to leave the gateway: what is no secret in the clear, each secret sealed for the provider's adapter. */
export interface SealedSettings { readonly settings: Settings; readonly sealed: Readonly<Record<string, string>>; /** Secrets that are taken away. */ readonly unsealed?: readonly string[] }

/** Checks a whole form by the announced schema, then seals its secrets. */
export async function sealSettings(provider: SeenProvider, given: Settings, at: readonly string[] = ['settings']): Promise<SealedSettings> {
  return split(provider, checked(provider.connectionSchema, given, at), at);
}

/** The same for a change: `given` over what is stored; a setting of null is taken away, and said as null; stored secrets stay where none is given. */
export async function sealChange(provider: SeenProvider, stored: { readonly settings: Settings; readonly secrets: readonly string[] }, given: Settings): Promise<SealedSettings> {
  const secrets = secretFields(provider.connectionSchema);
  const kept = stored.secrets.filter((field) => secrets.includes(field) && !(field in given));
  const unsealed = stored.secrets.filter((field) => given[field] === null);
  const moved = addressFields(provider.connectionSchema).some((field) => field in given && !same(given[field], stored.settings[field]));
  if (moved && kept.length > 0) {
    throw badInput(kept.map((field) => ({ path: `settings.${field}`, message: 'must be given again, because the address that it is sent to changes' })));
  }
  const merged = Object.fromEntries(Object.entries({ ...stored.settings, ...given }).filter(([, value]) => value !== null));
  const { settings, sealed } = await split(provider, checked(withoutRequired(provider.connectionSchema, kept), merged, ['settings']), ['settings']);
  const gone = Object.entries(given).filter(([field, value]) => value === null && field in stored.settings);
  return { settings: { ...Object.fromEntries(gone), ...settings }, sealed, ...(unsealed.length === 0 ? {} : { unsealed }) };
}

/** Seals single secrets for a rotation; a field that is no secret is a fault. */
export async function sealSecrets(provider: SeenProvider, given: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> {
  const secrets = secretFields(provider.connectionSchema);
  const others = Object.keys(given).filter((field) => !secrets.includes(field));
  if (others.length > 0) throw badInput(others.map((field) => ({ path: field, message: `is no secret of ${provider.provider}; its secrets are ${secrets.join(', ') || 'none'}` })));
  const schema = { type: 'object', properties: Object.fromEntries(Object.entries(provider.connectionSchema.properties ?? {}).filter(([name]) => name in given)) };
  checked(schema, given, []);
  return sealEach(provider, given);
}

function checked(schema: Settings, settings: Settings, at: readonly string[]): Settings {
  const result = checkBySchema(schema, settings, at);
  if (!result.ok) throw badInput(result.faults);
  return result.value;
}

async function split(provider: SeenProvider, settings: Settings, at: readonly string[]): Promise<SealedSettings> {
  const secrets = secretFields(provider.connectionSchema);
  const faults: Fault[] = [];
  const open: Record<string, unknown> = {};
  const secret: Record<string, string> = {};
  for (const [field, value] of Object.entries(settings)) {
    if (!secrets.includes(field)) open[field] = value;
    else if (typeof value === 'string') secret[field] = value;
    else faults.push({ path: pathText([...at, field]), message: 'must be text' });
  }
  if (faults.length > 0) throw badInput(faults);
  return { settings: open, sealed: await sealEach(provider, secret) };
}

async function sealEach(provider: SeenProvider, secrets: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> {
  const sealed = Object.entries(secrets).map(async ([field, secret]) => [field, await seal(secret, { provider: provider.provider, field, publicKey: provider.publicKey })] as const);
  return Object.fromEntries(await Promise.all(sealed));
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
