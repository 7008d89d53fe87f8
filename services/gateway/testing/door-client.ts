import { request, type IncomingHttpHeaders } from 'node:http';

export interface Answered { readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string; readonly body: unknown }
export interface Sent {
  readonly token?: string | null;
  readonly body?: unknown;
  /** As it is, instead of `body`. */
  readonly raw?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Calls the gateway by hand: no client library may mend what a test wants to send. */
export class DoorClient {
  constructor(readonly url: string, readonly token: string) {}

  ask(method: string, path: string, { token = this.token, body, raw, headers = {} }: Sent = {}): Promise<Answered> {
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const sending = request(`${this.url}${path}`, {
        method, agent: false,
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) }),
          ...headers,
        },
      }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = (response.headers['content-type'] ?? '').includes('json');
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: isJson && text !== '' ? JSON.parse(text) as unknown : undefined });
        });
      });
      sending.once('error', reject);
      sending.end(payload);
    });
  }
}
