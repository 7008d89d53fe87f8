import { BaseConfig, type Environment } from '@vmdns/chassis';
import { z } from 'zod';

function serverOf(text: string): { readonly host: string; readonly port: number } {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) };
}

/** What an adapter reads from its environment. */
export const Config = BaseConfig.extend({
  KEY_FILE: z.string().min(1).describe('Private keys (a JWK set) that open sealed secrets; created with mode 0600 when missing. No default: to lose it is to lose every secret. All replicas of one adapter share it.'),
  DNS_RESOLVER: z.string().regex(/^(\[[0-9A-Fa-f:]+\]|[^:\s]+):\d{1,5}$/, 'must be host:port').transform(serverOf).optional().describe('A resolver as `host:port`, asked by zone tests whether the world is led to a zone; without it that step is skipped.'),
  LANES_MAX: z.coerce.number().int().min(1).max(1000).default(64).describe('Zones that one process works on at the same time, over all servers.'),
  NAMES_PER_TURN: z.coerce.number().int().min(1).max(5000).default(5000).describe('Names of one zone in one turn, at most.'),
});
export type Config = z.output<typeof Config>;

/** What this process was started with. */
export const ownEnvironment = (): Environment => process.env;
