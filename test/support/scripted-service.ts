import { connect, JSONCodec } from 'nats';

/** Answers one operation of a service that is not there, by what the test says; gives how to end it. */
export async function answerFor(natsUrl: string, service: string, operation: string, answer: (ask: unknown) => unknown): Promise<() => Promise<void>> {
  const nats = await connect({ servers: natsUrl, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
  const json = JSONCodec();
  const asks = nats.subscribe(`vmdns.rpc.${service}.${operation}`, { queue: service });
  void (async () => {
    for await (const message of asks) message.respond(json.encode({ ok: true, value: answer(json.decode(message.data)) }));
  })();
  return () => nats.close();
}

/** The feed of a service that has nothing to tell. */
export const answerEmptyFeed = (natsUrl: string, service: string): Promise<() => Promise<void>> => answerFor(natsUrl, service, 'changes-after', () => ({ changes: [], cursor: 0, more: false }));
