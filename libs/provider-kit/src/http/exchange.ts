import { ProviderError } from '../port/provider-error.js';
import type { HttpAnswer } from './http-client.js';
import type { Redact } from './redact.js';

interface ExchangeTerms {
  readonly attempt: string;
  readonly changes: boolean;
  readonly deadlineMs: number;
  readonly answerMaxBytes: number;
  readonly take: ((piece: Buffer) => void) | undefined;
  readonly redact: Redact;
}

/** What a broken connection is called, for people. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  UND_ERR_SOCKET: 'the connection was closed before the answer was complete',
  UND_ERR_CONNECT_TIMEOUT: 'the server did not take the connection in time',
  ETIMEDOUT: 'the server did not take the connection in time',
  ENOTFOUND: 'the host name has no address',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed and not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate chain is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not trusted',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  VMDNS_FINGERPRINT: 'its certificate is not the pinned one',
};

/** Ends what is under way. */
interface Controller { abort(why: Error): void }

/**
 * One request and its answer, as undici's dispatcher or Node's client tells of it. It knows the one thing that matters
 * when there is no answer: whether the request had begun to leave, for then the change may still be applied (PROTOCOL §5).
 */
export class Exchange {
  readonly answer: Promise<HttpAnswer>;
  private readonly startedAt = performance.now();
  private readonly timer: NodeJS.Timeout;
  private readonly onAbort = (): void => this.giveUp('cancelled');
  private controller: Controller | undefined;
  private resolve: (answer: HttpAnswer) => void = () => undefined;
  private reject: (error: ProviderError) => void = () => undefined;
  private sent = false;
  private settled = false;
  private status = 0;
  private headers: Record<string, string> = {};
  private pieces: Buffer[] = [];
  private bytes = 0;

  constructor(private readonly terms: ExchangeTerms, private readonly signal: AbortSignal) {
    this.answer = new Promise((resolve, reject) => { this.resolve = resolve; this.reject = reject; });
    // The caller awaits it after dispatch; a failure during dispatch must not count as unhandled.
    this.answer.catch(() => undefined);
    this.timer = setTimeout(() => this.giveUp('no answer in time'), terms.deadlineMs);
    signal.addEventListener('abort', this.onAbort, { once: true });
  }

  onRequestStart(controller: Controller): void {
    if (this.settled) return controller.abort(new Error('given up'));
    this.controller = controller;
    this.sent = true;
  }

  onResponseStart(_controller: Controller, status: number, headers: Record<string, string | string[] | undefined>): void {
    this.status = status;
    this.headers = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value ?? '']));
  }

  onResponseData(_controller: Controller, piece: Buffer): void {
    if (this.settled) return;
    this.bytes += piece.length;
    if (this.bytes > this.terms.answerMaxBytes) return this.giveUp(`the answer is larger than ${this.terms.answerMaxBytes} bytes`);
    if (this.terms.take === undefined || this.status >= 300) { this.pieces.push(piece); return; }
    try {
      this.terms.take(piece);
    } catch (cause) {
      this.giveUp('the answer makes no sense', cause);
    }
  }

  onResponseEnd(): void {
    if (!this.settle()) return;
    this.resolve({ status: this.status, headers: this.headers, text: Buffer.concat(this.pieces).toString('utf8') });
  }

  onResponseError(_controller: Controller, cause: Error): void {
    const code = codeOf(cause);
    this.fail(WORDS[code] ?? `the connection failed${code === '' ? '' : ` (${code})`}`, cause);
  }

  private giveUp(why: string, cause?: unknown): void {
    const controller = this.controller;
    this.fail(why, cause);
    controller?.abort(new Error(why));
  }

  private fail(why: string, cause: unknown): void {
    if (!this.settle()) return;
    const tookMs = Math.round(performance.now() - this.startedAt);
    this.reject(new ProviderError('retry', this.terms.redact(`${this.terms.attempt}: ${why} (after ${tookMs} ms)`), {
      inDoubt: this.sent && this.terms.changes,
      // undici's errors carry no header and no body; still, only their words go on.
      ...(cause instanceof Error ? { cause: new Error(this.terms.redact(cause.message)) } : {}),
    }));
  }

  private settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    clearTimeout(this.timer);
    this.signal.removeEventListener('abort', this.onAbort);
    return true;
  }
}

function codeOf(error: Error & { code?: unknown; errors?: unknown }): string {
  if (Array.isArray(error.errors) && error.errors[0] instanceof Error) return codeOf(error.errors[0]);
  return typeof error.code === 'string' ? error.code : '';
}
