import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough, Readable, Writable } from 'node:stream';
import { run } from '../src/program.js';
import type { ExitCode } from '../src/exit.js';
import type { Shell } from '../src/shell.js';

export interface Heard { readonly call: string; readonly body: unknown; readonly token: string; readonly lastEventId: string | undefined }
export type Reply = { readonly status?: number; readonly body?: unknown } | ((heard: Heard, response: ServerResponse) => void);

/** An HTTP door that answers by a script and remembers what it was asked; `GET /v1/zones?x=1` is one key. */
export class ScriptedDoor {
  readonly heard: Heard[] = [];
  readonly #server = createServer((request, response) => { void this.#answer(request, response); });
  url = '';

  constructor(private readonly script: Record<string, Reply | Reply[]>) {}

  async open(): Promise<this> {
    await new Promise<void>((resolve) => { this.#server.listen(0, '127.0.0.1', resolve); });
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => { this.#server.close(resolve); });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const call = `${request.method ?? ''} ${decodeURIComponent(request.url ?? '')}`;
    const heard: Heard = { call, body: text === '' ? undefined : request.headers['content-type'] === 'application/x-ndjson' ? text : JSON.parse(text) as unknown, token: (request.headers.authorization ?? '').replace('Bearer ', ''), lastEventId: request.headers['last-event-id'] as string | undefined };
    this.heard.push(heard);
    const [path = ''] = call.split('?', 1);
    const scripted = this.script[call] ?? this.script[path];
    const reply = Array.isArray(scripted) ? scripted.shift() : scripted;
    if (typeof reply === 'function') { reply(heard, response); return; }
    if (reply === undefined) { response.writeHead(404, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify({ type: 'about:blank', status: 404, code: 'not-found', title: `not in the script: ${call}` })); return; }
    const status = reply.status ?? 200;
    response.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json' }).end(reply.body === undefined ? '' : JSON.stringify(reply.body));
  }
}

export interface Ran { readonly code: ExitCode; readonly out: string; readonly err: string }

/** Runs one command line as a person would, in a shell of our own. */
export async function runCommand(words: readonly string[], shell: Partial<Shell> & { readonly typed?: string; readonly onOut?: (text: string) => void }): Promise<Ran> {
  let out = '';
  let err = '';
  const collect = (into: (text: string) => void) => new Writable({ write: (chunk: Buffer, _, done) => { into(String(chunk)); done(); } });
  const code = await run(words, {
    environment: {}, folder: '/', stdin: Readable.from(shell.typed === undefined ? [] : [shell.typed]), signal: new AbortController().signal, now: () => new Date('2026-11-21T12:00:00.000Z'),
    stdout: collect((text) => { out += text; shell.onOut?.(text); }), stderr: collect((text) => { err += text; }), ...shell,
  });
  return { code, out, err };
}

/** A terminal at which somebody types. */
export function terminal(typed: string): Shell['stdin'] & { readonly modes: boolean[] } {
  const modes: boolean[] = [];
  const stream = Object.assign(new PassThrough(), { isTTY: true, modes, setRawMode: (on: boolean) => { modes.push(on); if (on) setImmediate(() => { stream.write(typed); }); } });
  return stream;
}
