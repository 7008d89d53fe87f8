import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Bus, type BusObserver, JetStreamServer } from '@vmdns/bus';
import { streams, type StreamName } from '@vmdns/contracts';
import { type MigrationClass, Store, Timeline } from '@vmdns/store';
import type { BaseConfig } from './base-config.js';
import { Clock } from './clock.js';
import { Health } from './health.js';
import { serveHealth } from './health-routes.js';
import { Log } from './log.js';
import { Metrics } from './metrics.js';
import { NestLog } from './nest-log.js';
import { CONFIG, ServiceInfo } from './service-info.js';
import { endOnSignals } from './run-main.js';

export interface ServiceOptions<C extends BaseConfig> {
  /** `planner`, `adapter-powerdns`: names durables, queue groups, the schema (with _ for -). */
  readonly name: string;
  readonly config: C;
  readonly module: Type | DynamicModule;
  readonly migrations?: readonly MigrationClass[];
  /** Default: the name, with _ for -. */
  readonly schema?: string;
  /** See `StoreOptions`. */
  readonly asksByKey?: boolean;
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

/** What every service is given, by class. */
interface Parts {
  readonly info: ServiceInfo;
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly bus: Bus;
  readonly store: Store;
  readonly timeline: Timeline;
}

/** How long HTTP requests may still run once we close. */
const HTTP_MS = 3000;
const HANDLERS_MS = 6000;
const CLOSE_MS = 9500;

class ServiceRoot {}

/**
 * Starts one service: HTTP with health and metrics, the JetStream transport, the store. Injectable by class everywhere:
 * Bus, Store, Timeline, Log, Metrics, Clock, Health, ServiceInfo; by token: CONFIG. Starts also while NATS or Postgres
 * are away.
 */
export async function startService<C extends BaseConfig>(options: ServiceOptions<C>): Promise<RunningService> {
  const parts = await makeParts(options);
  try {
    return await run(options, parts);
  } catch (error) {
    await Promise.all([parts.bus.close(), parts.store.close()]);
    throw error;
  }
}

async function run<C extends BaseConfig>(options: ServiceOptions<C>, parts: Parts): Promise<RunningService> {
  const { log, bus, info } = parts;
  let closing: Promise<void> | undefined;
  const app = await NestFactory.create<NestExpressApplication>(rootModule(options, parts), { logger: new NestLog(log), abortOnError: false });
  const transport = new JetStreamServer({ bus, service: info.name, log, observer: observerOf(parts.metrics), now: () => parts.clock.now(), closeMs: HANDLERS_MS, needs: () => parts.store.answers(), takesAfter: whenMigrated(parts.store, () => closing !== undefined) });
  app.connectMicroservice({ strategy: transport });
  parts.health.add('consumers', () => transport.unread.length === 0 || `not read: ${transport.unread.join(', ')}`);
  serveHealth(app, parts);
  await options.http?.(app);
  await app.init();
  await app.startAllMicroservices();
  await app.listen(options.config.HTTP_PORT, options.config.HTTP_HOST);
  const stopWatching = parts.timeline.watch();
  const url = urlOf(app);
  log.info({ url, port: Number(new URL(url).port) }, 'service ready');

  const close = (): Promise<void> => {
    closing ??= withLimit(closeAll(app, transport, parts, stopWatching), CLOSE_MS, log);
    return closing;
  };
  if (options.handleSignals !== false) endOnSignals(close, parts.store, log);
  return { app, url, close };
}

/** A replica that cannot do anything yet must not take a request from one that can. Never, where the service closes first. */
async function whenMigrated(store: Store, isClosing: () => boolean): Promise<void> {
  while (!isClosing()) {
    try {
      return await store.whenMigrated(1000);
    } catch {
      // Postgres is still away, or the schema cannot be made, which the store has said.
      await new Promise((resolve) => { setTimeout(resolve, 250).unref(); });
    }
  }
  return new Promise(() => undefined);
}

/** From the outside in: no new work, what runs ends, then the modules' hooks, then the connections they used. */
async function closeAll(app: NestExpressApplication, transport: JetStreamServer, parts: Parts, stopWatching: () => void): Promise<void> {
  parts.log.info({}, 'service closing');
  parts.health.add('closing', () => 'shutting down');
  stopWatching();
  await Promise.all([closeHttp(app), transport.close()]);
  await app.close();
  await parts.bus.close();
  await parts.store.close();
}

async function makeParts<C extends BaseConfig>({ name, config, migrations = [], ...options }: ServiceOptions<C>): Promise<Parts> {
  const info = new ServiceInfo(name, config.INSTANCE);
  const log = Log.to({ level: config.LOG_LEVEL, base: { service: name, instance: config.INSTANCE } });
  const applicationName = `vmdns ${name} ${config.INSTANCE}`.slice(0, 63);
  const bus = await Bus.connect({
    url: config.NATS_URL, name: applicationName, log,
    ...(config.NATS_USER === undefined ? {} : { user: config.NATS_USER }),
    ...(config.NATS_PASSWORD === undefined ? {} : { password: config.NATS_PASSWORD }),
    ...(config.NATS_TOKEN === undefined ? {} : { token: config.NATS_TOKEN }),
  });
  void bus.ensureStreams((options.streams ?? (Object.keys(streams) as StreamName[])).map((stream) => streams[stream]));
  const store = await Store.open({ url: config.DATABASE_URL, schema: options.schema ?? name.replaceAll('-', '_'), applicationName, poolMax: config.DATABASE_POOL_MAX, asksByKey: options.asksByKey ?? false, log }, migrations);
  const health = new Health();
  health.add('nats', async () => bus.whenReady(500).then(() => true as const, () => 'not connected, or its streams are not there yet'));
  health.add('postgres', async () => (store.isMigrated ? store.ping(700).then(() => true as const, () => 'no answer') : 'the schema is not ready yet'));
  const metrics = new Metrics();
  metrics.collectProcess();
  return { info, log, clock: new Clock(), metrics, health, bus, store, timeline: new Timeline(store, 'chassis') };
}

function rootModule<C extends BaseConfig>(options: ServiceOptions<C>, parts: Parts): DynamicModule {
  const providers = [
    { provide: ServiceInfo, useValue: parts.info }, { provide: Log, useValue: parts.log }, { provide: Clock, useValue: parts.clock }, { provide: Metrics, useValue: parts.metrics },
    { provide: Health, useValue: parts.health }, { provide: Bus, useValue: parts.bus }, { provide: Store, useValue: parts.store }, { provide: Timeline, useValue: parts.timeline },
    { provide: CONFIG, useValue: options.config },
  ];
  Module({})(ServiceRoot);
  return { module: ServiceRoot, global: true, imports: [options.module], providers, exports: providers };
}

function observerOf(metrics: Metrics): BusObserver {
  const messages = metrics.counter('vmdns_messages_total', 'Messages that a batch handler was done with.', ['durable']);
  const batches = metrics.histogram('vmdns_batch_seconds', 'Time of one batch from its call to its last acknowledgement.', ['durable']);
  const dead = metrics.counter('vmdns_dead_letters_total', 'Messages that could not be taken.', ['durable']);
  const asks = metrics.histogram('vmdns_request_seconds', 'Time from a request on the bus to its answer.', ['operation', 'status']);
  return {
    batch(durable, count, tookMs) {
      messages.inc({ durable }, count);
      batches.observe({ durable }, tookMs / 1000);
    },
    deadLetter: (durable) => dead.inc({ durable }),
    ask: (operation, status, tookMs) => asks.observe({ operation, status: String(status) }, tookMs / 1000),
  };
}

/** No new connections; what runs may end, then it is cut (live streams never end by themselves). */
async function closeHttp(app: NestExpressApplication): Promise<void> {
  const server: Server = app.getHttpServer();
  const closed = new Promise<void>((resolve) => { server.close(() => resolve()); });
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), HTTP_MS);
  await closed;
  clearTimeout(timer);
}

async function withLimit(work: Promise<void>, limitMs: number, log: Log): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      log.warn({ limitMs }, 'closing took too long, the rest is cut');
      resolve();
    }, limitMs);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function urlOf(app: NestExpressApplication): string {
  const server: Server = app.getHttpServer();
  const address = server.address() as AddressInfo;
  const host = ['0.0.0.0', '::'].includes(address.address) ? '127.0.0.1' : address.address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}
