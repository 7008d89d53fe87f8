import { request } from 'node:http';
import type { Exchange } from './exchange.js';

/** What is sent, and whereto. */
export interface LoneRequest {
  readonly host: string;
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly connectTimeoutMs: number;
}

/**
 * One exchange over a connection of its own, without TLS, for servers that close every connection anyway: Node's client
 * takes half of what a pool does for it. Giving up resets the connection, as in `resetWhenGivenUp`.
 */
export function sendAlone({ host, port, method, path, headers, body, connectTimeoutMs }: LoneRequest, exchange: Exchange): void {
  const call = request({ host, port, method, path, headers, agent: false });
  const controller = {
    abort: (why: Error): void => {
      call.socket?.resetAndDestroy();
      call.destroy(why);
    },
  };
  const late = setTimeout(() => call.destroy(Object.assign(new Error('not connected in time'), { code: 'ETIMEDOUT' })), connectTimeoutMs);
  call.once('socket', (socket) => socket.once('connect', () => {
    clearTimeout(late);
    // Before the first byte: Node's own listener, which sends, comes after this one.
    exchange.onRequestStart(controller);
  }));
  call.once('response', (answer) => {
    exchange.onResponseStart(controller, answer.statusCode ?? 0, answer.headers);
    answer.on('data', (piece: Buffer) => exchange.onResponseData(controller, piece));
    answer.once('end', () => exchange.onResponseEnd());
    answer.once('error', (error) => exchange.onResponseError(controller, error));
  });
  call.once('error', (error) => {
    clearTimeout(late);
    exchange.onResponseError(controller, error);
  });
  // A socket that is given up may complain once more.
  call.on('error', () => undefined);
  call.end(body);
}
