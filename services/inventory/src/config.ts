import { BaseConfig, parseConfig } from '@vmdns/chassis';
import { z } from 'zod';

export const Config = BaseConfig.extend({
  GONE_RETENTION_DAYS: z.coerce.number().int().min(2).default(90).describe('A deleted VM is forgotten after so many days: until then it answers as gone, and late facts of it are known as late.'),
  CHANGE_RETENTION_DAYS: z.coerce.number().int().min(2).default(7).describe('What the change feed said of a VM and has said anew since is cut after so many days; the newest of each VM stays.'),
  INGEST_BYTES_MAX: z.coerce.number().int().min(1024).default(262_144).describe('A larger message on the bus becomes a dead letter; 1,000 addresses need a tenth of it.'),
  SNAPSHOT_APART_SECONDS: z.coerce.number().min(0).default(60).describe("A VM that is missing in a source's complete list is deleted when it is missing again so long after."),
});
export type Config = z.output<typeof Config>;

/** The only place where this service reads its environment. */
export const readConfig = (): Config => parseConfig(Config, process.env);
