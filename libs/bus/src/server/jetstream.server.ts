import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import type { BusLog } from '../bus-log.js';
import type { Bus } from '../bus.js';
import { JETSTREAM } from '../handlers.js';

export interface JetStreamServerOptions {
  readonly bus: Bus;
  /** The service this process is: names durables, queue groups and dead letters. */
  readonly service: string;
  readonly log?: BusLog;
}

/** The Nest transport that serves OnBatch, OnRawBatch, OnRequests and OnRequest. */
export class JetStreamServer extends Server implements CustomTransportStrategy {
  override readonly transportId = JETSTREAM;
  override readonly propagatesEventHandlerErrors = true;

  constructor(readonly options: JetStreamServerOptions) { super(); }

  listen(callback: (error?: unknown) => void): void { callback(); }
  async close(): Promise<void> { /* being built */ }
  on(): void { /* no events */ }
  unwrap<T>(): T { return this.options.bus as T; }
}
