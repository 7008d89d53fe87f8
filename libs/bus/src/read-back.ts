import { NatsError, type StoredMsg } from 'nats';
import type { Connection } from './connection.js';
import { BusError } from './errors.js';

/** A message as a stream holds it, acknowledged or not. */
export interface StoredMessage { readonly subject: string; readonly sequence: number; readonly body: unknown }

/** Asked at once; by sequence, so no consumer is needed. */
const PAGE = 256;

/**
 * What a stream holds of its last `spanMs`, newest first, in pages: also what everybody has acknowledged. By the
 * server's own clock: back from its newest message. Throws BusError.
 */
export async function* readBack(connection: Connection, stream: string, spanMs: number): AsyncGenerator<readonly StoredMessage[]> {
  const link = connection.current;
  if (link === undefined) throw new BusError('unavailable', `reading back ${stream}: NATS is away`);
  const get = async (seq: number): Promise<StoredMsg | undefined> => {
    try {
      return await link.manager.streams.getMessage(stream, { seq });
    } catch (error) {
      // Removed meanwhile, by age or by size.
      if (error instanceof NatsError && error.api_error?.code === 404) return undefined;
      throw new BusError('unavailable', `reading back ${stream}`, { cause: error });
    }
  };
  const { state } = await link.manager.streams.info(stream).catch((error: unknown) => { throw new BusError('unavailable', `reading back ${stream}`, { cause: error }); });
  let since: number | undefined;
  for (let last = state.last_seq; last >= state.first_seq && last > 0; last -= PAGE) {
    const sequences = Array.from({ length: Math.min(PAGE, last - state.first_seq + 1) }, (_, at) => last - at);
    const found = (await Promise.all(sequences.map(get))).filter((message) => message !== undefined);
    since ??= found[0] === undefined ? undefined : found[0].time.getTime() - spanMs;
    const fresh = found.filter((message) => since === undefined || message.time.getTime() >= since);
    yield fresh.map((message) => ({ subject: message.subject, sequence: message.seq, body: bodyOf(message) }));
    if (fresh.length < found.length) return;
  }
}

function bodyOf(message: StoredMsg): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}
