import type { CloudEvent } from '@vmdns/contracts';

/** What every message from a stream carries, parsed or not. */
export interface Delivery {
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  /** W3C trace context of the publisher, if it gave one. */
  readonly traceparent?: string;
  readonly streamSequence: number;
  /** 1 the first time. */
  readonly deliveries: number;
  /** When the stream stored it (the server's clock). */
  readonly storedAt: Date;
}

/** A message whose event has been parsed by the handler's schema. */
export interface InMessage<T> extends Delivery {
  readonly data: T;
  readonly event: CloudEvent<T>;
}

/** A message as it came, for a handler that judges for itself. */
export interface RawMessage extends Delivery {
  /** The payload as text (UTF-8); whether it is JSON is the handler's question. */
  readonly text: string;
}
