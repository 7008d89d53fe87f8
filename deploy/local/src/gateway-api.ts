/** An answer of the gateway, whatever it is. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the client's own; null sends none. */
  readonly token?: string | null;
  readonly withinMs?: number;
}

/** The gateway refused: `answer` has its problem. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(method: string, path: string, readonly answer: HttpAnswer) {
    super(`${method} ${path} answered ${answer.status}: ${typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)}`);
  }

  get status(): number {
    return this.answer.status;
  }
}

/** Calls the gateway's HTTP API with a token. */
export class GatewayApi {
  constructor(readonly url: string, readonly token: string) {}

  /** Any call; every status is an answer, none throws. */
  async ask(method: string, path: string, options: CallOptions = {}): Promise<HttpAnswer> {
    const token = options.token === undefined ? this.token : options.token;
    const body = options.body === undefined ? undefined : typeof options.body === 'string' ? options.body : JSON.stringify(options.body);
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...options.headers,
      },
      signal: AbortSignal.timeout(options.withinMs ?? 70_000),
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.text();
    const isJson = /json/.test(answer.headers.get('content-type') ?? '');
    return { status: answer.status, headers: answer.headers, body: isJson && text !== '' ? JSON.parse(text) : text };
  }

  /** The body of a 2xx answer; anything else throws `Refused`. */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.ask(method, path, body === undefined ? {} : { body });
    if (answer.status < 200 || answer.status > 299) throw new Refused(method, path, answer);
    return answer.body;
  }
}

/** One field of a JSON answer. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

export function listOf(value: unknown, name: string): readonly unknown[] {
  const list = field(value, name);
  return Array.isArray(list) ? list : [];
}
