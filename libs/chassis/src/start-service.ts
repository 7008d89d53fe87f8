import type { NestExpressApplication } from '@nestjs/platform-express';
import type { StreamName } from '@vmdns/contracts';
import type { MigrationClass } from '@vmdns/store';
import type { Type, DynamicModule } from '@nestjs/common';
import type { BaseConfig } from './base-config.js';

export interface ServiceOptions<C extends BaseConfig> {
  /** `planner`, `adapter-powerdns`: names durables, queue groups, the schema (with _ for -). */
  readonly name: string;
  readonly config: C;
  readonly module: Type | DynamicModule;
  readonly migrations?: readonly MigrationClass[];
  /** Default: the name, with _ for -. */
  readonly schema?: string;
  /** Default: all; each service creates what it uses, also when it starts first. */
  readonly streams?: readonly StreamName[];
  /** Before Nest's routes are set up: middleware, pipes, body limits, the OpenAPI document. */
  readonly http?: (app: NestExpressApplication) => void | Promise<void>;
  /** Default true: SIGTERM and SIGINT close the service and end the process. */
  readonly handleSignals?: boolean;
}

export interface RunningService {
  readonly app: NestExpressApplication;
  /** Where health, metrics and routes are, e.g. `http://127.0.0.1:40123`. */
  readonly url: string;
  /** At most 10 s: not ready, no new messages, running handlers end, connections close. May run twice. */
  close(): Promise<void>;
}

/**
 * Starts one service: HTTP with health and metrics, the JetStream transport, the store. Injectable by class everywhere:
 * Bus, Store, Log, Metrics, Clock, Health, ServiceInfo; by token: CONFIG. Starts also while NATS or Postgres are away.
 */
export function startService<C extends BaseConfig>(_options: ServiceOptions<C>): Promise<RunningService> { throw new Error('being built'); }

/**
 * The whole of a main.ts: runs `start` and ends the process with the faults on stderr when it throws.
 */
export function runMain(_start: () => Promise<RunningService>): void { throw new Error('being built'); }

/** Whether this module is what node was started with: `if (isMain(import.meta.url)) …`. */
export function isMain(_moduleUrl: string): boolean { throw new Error('being built'); }
