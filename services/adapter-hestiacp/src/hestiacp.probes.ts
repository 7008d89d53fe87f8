import { ProviderError } from '@vmdns/provider-kit';
import { z } from 'zod';
import type { Command, HestiacpClient } from './hestiacp.client.js';
import type { HestiacpZoneSettings } from './hestiacp.settings.js';
import { objectPieces } from './object-pieces.js';
import type { ZoneFile } from './hestiacp.zone-file.js';

const FORBIDDEN = 10;

const WireConfig = z.object({ VERSION: z.string() });
const WireUser = z.object({ DNS_RECORDS: z.string() });

/** The panel's version; undefined where this key may not ask for it: the command is an administrator's. */
export async function detectVersion(client: HestiacpClient, signal: AbortSignal): Promise<string | undefined> {
  const text = await unlessForbidden(client.list({ name: 'v-list-sys-config', args: ['json'], attempt: "asking for the panel's version", records: 0 }, signal));
  return text === undefined ? undefined : firstOf(text, WireConfig)?.VERSION;
}

/** The package's limit of records in a zone; undefined where this key may not ask. */
export async function packageLimit(client: HestiacpClient, user: string, signal: AbortSignal): Promise<number | 'unlimited' | undefined> {
  const text = await unlessForbidden(client.list({ name: 'v-list-user', args: [user, 'json'], attempt: `asking for the package of ${user}`, records: 0 }, signal));
  const limit = text === undefined ? undefined : firstOf(text, WireUser)?.DNS_RECORDS;
  return limit === undefined || limit === 'unlimited' ? limit : Number(limit);
}

/**
 * The writing commands that this key may not run. Each is asked for something that HestiaCP refuses before it changes
 * anything: an id that no record has, a type that does not exist, a file that is not there.
 */
export async function permissions(file: ZoneFile, client: HestiacpClient, writes: HestiacpZoneSettings['writes'], signal: AbortSignal): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const command of file.harmlessCommands(writes)) if (await isForbidden(client, command, signal)) missing.push(command.name);
  return missing;
}

async function isForbidden(client: HestiacpClient, command: Command, signal: AbortSignal): Promise<boolean> {
  return (await client.change(command, signal)).code === FORBIDDEN;
}

async function unlessForbidden(asking: Promise<string>): Promise<string | undefined> {
  try {
    return await asking;
  } catch (error) {
    // Not allowed, or a command of another version: neither is what is tested.
    if (error instanceof ProviderError && (error.kind === 'credentials' || error.kind === 'missing-zone')) return undefined;
    throw error;
  }
}

function firstOf<T>(text: string, schema: z.ZodType<T>): T | undefined {
  const [piece] = objectPieces(text);
  const parsed = piece === undefined ? undefined : schema.safeParse(JSON.parse(piece.text));
  return parsed?.success === true ? parsed.data : undefined;
}
