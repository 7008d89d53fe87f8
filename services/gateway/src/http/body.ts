import type { IncomingMessage } from 'node:http';
import { refused } from './problems.js';
import { isShallow } from './storable.js';

/** The media type of a Content-Type header, lower case, without parameters; '' where there is none. */
export function mediaTypeOf(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** Whether a request announces a body at all (RFC 9112, 6.3). */
export function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

/** Reads the whole body, at most `max` bytes; more is refused as soon as it is known, and the rest is thrown away unread. */
export function readBody(request: IncomingMessage, max: number): Promise<Buffer> {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') { request.resume(); return Promise.reject(refused(415, 'send the body without a content encoding')); }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const tooLarge = () => {
      // Not destroyed: the caller shall still get the answer that says why.
      request.removeAllListeners('data');
      request.resume();
      reject(refused(413, `a body may have at most ${max} bytes`, { Connection: 'close' }));
    };
    if (Number(request.headers['content-length'] ?? 0) > max) { tooLarge(); return; }
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > max) { tooLarge(); return; }
      chunks.push(chunk);
    });
    request.once('end', () => { resolve(Buffer.concat(chunks, size)); });
    request.once('error', reject);
    request.once('close', () => { reject(gone()); });
  });
}

/** The body as it comes. A caller who goes away before its end is told as what it is: no failure of ours. */
export async function* chunksOf(request: IncomingMessage): AsyncIterable<Buffer> {
  try {
    yield* request as AsyncIterable<Buffer>;
  } catch (cause) {
    throw request.complete ? cause : gone();
  }
}

const gone = () => refused(400, 'the connection ended before the body did');

/** JSON text in UTF-8 as a value. The fault tells where it breaks, never what was there: it may be a secret. */
export function parseJson(bytes: Buffer): unknown {
  let text: string;
  try { text = new TextDecoder('utf-8', { fatal: true }).decode(bytes); } catch { throw refused(400, 'the body is not UTF-8'); }
  try {
    const value = mayHoldProto(text) ? JSON.parse(text, (key, each: unknown) => key === '__proto__' ? undefined : each) as unknown : JSON.parse(text) as unknown;
    if (isShallow(value)) return value;
  } catch (error) {
    const at = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined;
    throw refused(400, at === undefined ? 'the body is not complete JSON' : `the body is not JSON: it breaks at character ${at}`);
  }
  throw refused(400, 'the body is nested too deep');
}

/** Looking at every key costs five times the parsing, so only where such a key can be: as it is, or a letter of it escaped. */
const mayHoldProto = (text: string) => text.includes('__proto__') || /\\u00(?:5f|6f|7[024])/i.test(text);
