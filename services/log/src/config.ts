import { BaseConfig, parseConfig } from '@vmdns/chassis';
import { z } from 'zod';

export const Config = BaseConfig.extend({
  LOG_RETENTION_DAYS: z.coerce.number().int().min(1).max(3650).default(30).describe('How long the module log is kept; whole days are dropped after this.'),
});
export type Config = z.output<typeof Config>;

/** The only place where this service reads its environment. */
export const readConfig = (): Config => parseConfig(Config, process.env);
