import { Agent } from 'undici';
import { ProviderError } from '../port/provider-error.js';
import { sendAlone } from './alone.js';
import { Exchange } from './exchange.js';
import { redactorOf, type Redact } from './redact.js';
import { connectorOf, type TlsTrust } from './tls-trust.js';

export interface HttpClientOptions {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What must never be seen in an error or a provider's text. */
  readonly secrets?: readonly string[];
  /** One request from connecting to the answer's last byte. */
  readonly deadlineMs: number;
  /** Largest answer that is taken; a larger one is a failure, not a cut. */
  readonly answerMaxBytes?: number;
  readonly connectTimeoutMs?: number;
  readonly tls?: TlsTrust;
  /** False for servers that close every connection anyway. */
  readonly keepAlive?: boolean;
}

export interface HttpAsk {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** For messages: "reading vm1.example.com." — what was attempted and on what. */
  readonly attempt: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly deadlineMs?: number;
  readonly answerMaxBytes?: number;
  /** A lost answer leaves the change in doubt; default: every method but GET. */
  readonly changes?: boolean;
  /** Takes a 2xx answer's body as it comes; `text` is empty then. What it throws ends the exchange. */
  readonly take?: (piece: Buffer) => void;
}

export interface HttpAnswer { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly text: string }

const ANSWER_MAX_BYTES = 8 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 3_000;

/** A small HTTP client for provider APIs: every failure is a ProviderError that says whether the change is in doubt. */
export class HttpClient {
  readonly redact: Redact;
  private readonly agent: Agent;
  private readonly origin: string;
  private readonly prefix: string;
  /** Where each call has a connection of its own, without TLS. */
  private readonly alone: { readonly host: string; readonly port: number; readonly connectTimeoutMs: number } | undefined;

  constructor(private readonly options: HttpClientOptions) {
    const url = new URL(options.baseUrl);
    this.origin = url.origin;
    this.prefix = url.pathname.replace(/\/$/, '');
    this.redact = redactorOf(options.secrets ?? []);
    const keepAlive = options.keepAlive ?? true;
    const connectTimeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    if (!keepAlive && url.protocol === 'http:') this.alone = { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 80 : Number(url.port), connectTimeoutMs };
    this.agent = new Agent({
      connect: connectorOf(options.tls ?? {}, connectTimeoutMs),
      pipelining: keepAlive ? 1 : 0,
      // The deadline covers the whole exchange; two clocks would only disagree.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** Resolves with any HTTP status; what a status means is the provider's own table. Rejects with ProviderError kind `retry`. */
  async send(ask: HttpAsk, signal: AbortSignal): Promise<HttpAnswer> {
    if (signal.aborted) throw new ProviderError('retry', `${ask.attempt}: cancelled before it was sent`);
    const exchange = new Exchange({
      attempt: `${ask.attempt} at ${this.origin}`,
      changes: ask.changes ?? ask.method !== 'GET',
      deadlineMs: ask.deadlineMs ?? this.options.deadlineMs,
      answerMaxBytes: ask.answerMaxBytes ?? this.options.answerMaxBytes ?? ANSWER_MAX_BYTES,
      take: ask.take,
      redact: this.redact,
    }, signal);
    const { method, body } = ask;
    const path = `${this.prefix}${ask.path}`;
    const headers = { ...this.options.headers, ...ask.headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    if (this.alone === undefined) this.agent.dispatch({ origin: this.origin, path, method, body: body ?? null, headers }, exchange);
    else sendAlone({ ...this.alone, path, method, body, headers }, exchange);
    return exchange.answer;
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }
}
