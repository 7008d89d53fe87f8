import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { usage } from './exit.js';
import type { Shell } from './shell.js';

const SENDABLE = /^[\x21-\x7e]+$/;

/** The command's environment; all of it may be absent. */
export const Environment = z.object({
  VMDNS_URL: z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' }).optional().describe('The gateway, without `/v1`.'),
  VMDNS_TOKEN: z.string().regex(SENDABLE, 'must be printable characters').optional().describe('The token to call it with.'),
  VMDNS_TOKEN_FILE: z.string().optional().describe('A file that holds the token.'),
  VMDNS_HOME: z.string().default('.vmdns').describe('The home of a local stack: address and token come from its `endpoints.json` where the variables above do not say them.'),
  VMDNS_DATABASE_URL: z.string().optional().describe('The database, for `backup` and `restore` alone: `postgres://user:password@host:port/name`.'),
  VMDNS_NATS_URL: z.string().optional().describe('NATS as the operator, for `restore` alone: `nats://user:password@host:port`.'),
});
const Endpoints = z.object({ http: z.url(), token: z.string().regex(SENDABLE) });

/** Where vmdns is and who asks. */
export interface Access { readonly url: string; readonly token: string }

/**
 * From VMDNS_URL with VMDNS_TOKEN or VMDNS_TOKEN_FILE, or from `VMDNS_HOME/endpoints.json` of a local stack. The token
 * of that file goes to the address of that file only.
 */
export async function accessOf({ environment, folder }: Pick<Shell, 'environment' | 'folder'>): Promise<Access> {
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = Environment.safeParse(present);
  if (!parsed.success) throw usage('the environment has faults', ...parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
  const { VMDNS_URL, VMDNS_HOME } = parsed.data;
  const token = parsed.data.VMDNS_TOKEN ?? await tokenOfFile(parsed.data.VMDNS_TOKEN_FILE, folder);
  if (VMDNS_URL !== undefined && token !== undefined) return { url: trimmed(VMDNS_URL), token };
  const file = resolve(folder, join(VMDNS_HOME, 'endpoints.json'));
  const local = await endpointsOf(file);
  if (local === undefined) {
    throw usage('it is not known where vmdns is', 'set VMDNS_URL and VMDNS_TOKEN (or VMDNS_TOKEN_FILE),', `or run in the folder of a local stack: there is no ${file}`);
  }
  if (VMDNS_URL !== undefined && trimmed(VMDNS_URL) !== local.url) throw usage(`there is no token for ${VMDNS_URL}`, 'set VMDNS_TOKEN or VMDNS_TOKEN_FILE');
  return { url: local.url, token: token ?? local.token };
}

async function tokenOfFile(path: string | undefined, folder: string): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = await readFile(resolve(folder, path), 'utf8').catch((cause: unknown) => { throw usage(`VMDNS_TOKEN_FILE: ${path} cannot be read`, ...reason(cause)); });
  // What could not be sent as a header would be shown by the error of whoever tries.
  if (!SENDABLE.test(text.trim())) throw usage(`VMDNS_TOKEN_FILE: ${path} must hold one line of printable characters`);
  return text.trim();
}

async function endpointsOf(file: string): Promise<Access | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw usage(`${file} cannot be read`, ...reason(cause));
  }
  const parsed = Endpoints.safeParse(jsonOf(text));
  if (!parsed.success) throw usage(`${file} does not say where vmdns is; start the stack again`);
  return { url: trimmed(parsed.data.http), token: parsed.data.token };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const trimmed = (url: string) => url.replace(/\/+$/, '');
const codeOf = (cause: unknown) => typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
const reason = (cause: unknown) => [codeOf(cause)].filter((text) => text !== '');

/** The environment of this process; nothing else of the command reads it. */
export const environmentOfProcess = (): Readonly<Record<string, string | undefined>> => process.env;
