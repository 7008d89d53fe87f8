import { BaseConfig, parseConfig } from '@vmdns/chassis';
import { z } from 'zod';
import { AddressList } from './bridges/caller-address.js';

const MIB = 1_048_576;

/** The gateway's environment. */
export const Config = BaseConfig.extend({
  ADMIN_TOKEN: z.string().regex(/^[\x21-\x7e]{16,512}$/, 'must be 16 to 512 printable characters').optional().describe('The first admin token. Another value at the next start replaces it; without one, only tokens made through the API are let in.'),
  BODY_BYTES_MAX: z.coerce.number().int().min(1024).default(MIB).describe('The largest ordinary body; a VM with a thousand addresses needs about a tenth.'),
  EVENTS_BYTES_MAX: z.coerce.number().int().min(1024).default(8 * MIB).describe('The largest body of `POST /v1/events`.'),
  TOKEN_FRESH_SECONDS: z.coerce.number().int().min(0).default(10).describe('A revoked token is refused everywhere after this time; a known one is believed so long without asking PostgreSQL.'),
  TOKEN_KEPT_SECONDS: z.coerce.number().int().min(0).default(3600).describe('While PostgreSQL is away, a token seen within this time is still believed.'),
  SESSION_MINUTES: z.coerce.number().int().min(1).default(30).describe('A session of the console ends so long after it was last renewed; an open page renews it every five minutes.'),
  SESSION_HOURS_MAX: z.coerce.number().min(0.1).default(12).describe('After this time one signs in again, renewed or not.'),
  CONSOLE_DIR: z.string().min(1).optional().describe("Folder of the console's pages, served at `/` where it exists. Default: what `services/console` builds."),
  LEGACY_ALLOW: AddressList.describe('Addresses and ranges (`192.0.2.7, 2001:db8::/32`) that may read the legacy feed `/legacy/dns.php` without a token. Empty: none.'),
  TRUSTED_PROXIES: AddressList.describe('Addresses and ranges of proxies before the gateway, whose `X-Forwarded-For` tells where a caller is. Empty: none.'),
  ASK_TIMEOUT_MS: z.coerce.number().int().min(50).default(850).describe('A service that has not answered by then counts as away: 503 with Retry-After.'),
  CHANGE_TIMEOUT_MS: z.coerce.number().int().min(50).default(5000).describe('The same for changes of zones and connections, which wait for a lock, and for searches.'),
  ZONE_TEST_TIMEOUT_MS: z.coerce.number().int().min(1000).default(30_000).describe('The same for a zone test, which talks to the provider.'),
});
export type Config = z.output<typeof Config>;

/** The only place where this service reads its environment. */
export const readConfig = (): Config => parseConfig(Config, process.env);
