import { hostname } from 'node:os';
import { z } from 'zod';

export const LogLevel = z.enum(['debug', 'info', 'warn', 'error', 'silent']);

/**
 * What every service reads from its environment; a service extends it in its own config.ts. Each description is a line of
 * deploy/docs/configuration.md; `preset` says a default that differs from machine to machine.
 */
export const BaseConfig = z.object({
  NATS_URL: z.string().min(1).describe('Where NATS is: `nats://host:4222`, or several separated by commas.'),
  NATS_USER: z.string().optional().describe('The user of this service at NATS; its answers come to `_INBOX.<user>.>`. Without it the connection has no name.'),
  NATS_PASSWORD: z.string().optional().describe('The password of `NATS_USER`.'),
  NATS_TOKEN: z.string().optional().describe('A token, where NATS asks for one in place of user and password.'),
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL').describe('`postgres://role:password@host:port/database`: a role of this service alone; its schema is the service\'s name, with `_` for `-`.'),
  DATABASE_POOL_MAX: z.coerce.number().int().min(2).max(200).default(10).describe('Connections to PostgreSQL that one process holds at most.'),
  HTTP_HOST: z.string().default('127.0.0.1').describe('The address that health, metrics and, at the gateway, the API listen on.'),
  HTTP_PORT: z.coerce.number().int().min(0).max(65_535).default(0).describe('Their port. 0: any free one; the log line `service ready` says which.'),
  LOG_LEVEL: LogLevel.default('info').describe('The least that is written to the process log (JSON lines on standard output).'),
  INSTANCE: z.string().min(1).max(128).default(() => `${hostname()}-${process.pid}`).meta({ preset: 'host name and process id' }).describe('Tells replicas apart in logs and leases; no two running replicas may share one.'),
});
export type BaseConfig = z.output<typeof BaseConfig>;
