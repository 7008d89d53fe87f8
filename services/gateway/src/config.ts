import { BaseConfig, parseConfig } from '@vmdns/chassis';
import { z } from 'zod';

const MIB = 1_048_576;

/** The gateway's environment. `ADMIN_TOKEN_FILE` names a file with the first admin token. */
export const Config = BaseConfig.extend({
  ADMIN_TOKEN: z.string().regex(/^[\x21-\x7e]{16,512}$/, 'must be 16 to 512 printable characters').optional(),
  /** Largest ordinary body; a VM with a thousand addresses needs about a tenth. */
  BODY_BYTES_MAX: z.coerce.number().int().min(1024).default(MIB),
  EVENTS_BYTES_MAX: z.coerce.number().int().min(1024).default(8 * MIB),
  /** A revoked token is refused everywhere after this time; a known one is believed so long without asking Postgres. */
  TOKEN_FRESH_SECONDS: z.coerce.number().int().min(0).default(10),
  /** While Postgres is away, a token seen within this time is still believed. */
  TOKEN_KEPT_SECONDS: z.coerce.number().int().min(0).default(3600),
  /** A service that has not answered by then counts as away. */
  ASK_TIMEOUT_MS: z.coerce.number().int().min(50).default(850),
  /** The same for changes of zones and connections, which wait for a lock, and for searches. */
  CHANGE_TIMEOUT_MS: z.coerce.number().int().min(50).default(5000),
  ZONE_TEST_TIMEOUT_MS: z.coerce.number().int().min(1000).default(30_000),
});
export type Config = z.output<typeof Config>;

/** The only place where this service reads its environment. */
export const readConfig = (): Config => parseConfig(Config, process.env);
