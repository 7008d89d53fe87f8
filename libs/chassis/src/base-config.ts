import { hostname } from 'node:os';
import { z } from 'zod';

export const LogLevel = z.enum(['debug', 'info', 'warn', 'error', 'silent']);

/** What every service reads from its environment; a service extends it in its own config.ts. */
export const BaseConfig = z.object({
  NATS_URL: z.string().min(1),
  NATS_USER: z.string().optional(),
  NATS_PASSWORD: z.string().optional(),
  NATS_TOKEN: z.string().optional(),
  /** `postgres://role:password@host:port/database`; the schema is the service's name. */
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL'),
  DATABASE_POOL_MAX: z.coerce.number().int().min(2).max(200).default(10),
  HTTP_HOST: z.string().default('127.0.0.1'),
  /** 0: any free port; the log line `service ready` says which. */
  HTTP_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  LOG_LEVEL: LogLevel.default('info'),
  /** Tells replicas apart in logs and leases. */
  INSTANCE: z.string().min(1).max(128).default(() => `${hostname()}-${process.pid}`),
});
export type BaseConfig = z.output<typeof BaseConfig>;
