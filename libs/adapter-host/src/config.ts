import { BaseConfig } from '@vmdns/chassis';
import { z } from 'zod';

/** What an adapter reads from its environment. */
export const Config = BaseConfig.extend({
  /** Private keys (JWK set) that open sealed secrets; created with mode 0600 when missing. No default: to lose it is to lose every secret. */
  KEY_FILE: z.string().min(1),
  /** Zones worked on at the same time by this process, over all servers. */
  LANES_MAX: z.coerce.number().int().min(1).max(1000).default(64),
  /** Names of one zone in one turn. */
  NAMES_PER_TURN: z.coerce.number().int().min(1).max(5000).default(5000),
});
export type Config = z.output<typeof Config>;
