import { types } from 'node:util';
import { pino } from 'pino';
import { redact, redactFields } from './redact.js';

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** On every line, such as service and instance. */
  readonly base?: Readonly<Record<string, string>>;
  /** Takes finished lines; default: standard output. */
  readonly write?: (line: string) => void;
}

const CAUSES_MAX = 6;

/** The process log: JSON lines; secret keys and registered secrets masked. `err` in the fields is written with its causes. */
export class Log {
  private constructor(private readonly sink: pino.Logger) {}

  static to(options: LogOptions): Log {
    const write = options.write ?? ((line: string) => void process.stdout.write(line));
    const sink = pino({ level: options.level, base: { ...options.base }, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) }, serializers: { err: (cleaned: unknown) => cleaned } }, { write: (line: string) => write(redact(line)) });
    return new Log(sink);
  }

  debug(fields: object, message: string): void {
    if (this.sink.isLevelEnabled('debug')) this.sink.debug(clean(fields), message);
  }

  info(fields: object, message: string): void {
    if (this.sink.isLevelEnabled('info')) this.sink.info(clean(fields), message);
  }

  warn(fields: object, message: string): void {
    if (this.sink.isLevelEnabled('warn')) this.sink.warn(clean(fields), message);
  }

  error(fields: object, message: string): void {
    if (this.sink.isLevelEnabled('error')) this.sink.error(clean(fields), message);
  }

  /** The same log with these fields on every line. */
  child(fields: object): Log {
    return new Log(this.sink.child(clean(fields)));
  }
}

function clean(fields: object): Record<string, unknown> {
  const { err, ...others } = fields as { readonly err?: unknown };
  const masked = redactFields(others) as Record<string, unknown>;
  return err === undefined ? masked : { ...masked, err: errorFields(err) };
}

/** An error and its causes. Other own properties are left out: libraries put requests and options there. */
function errorFields(error: unknown, depth = 0): unknown {
  if (!types.isNativeError(error)) return { message: String(error) };
  const { name, message, stack } = error;
  const code = 'code' in error && ['string', 'number'].includes(typeof error.code) ? { code: error.code } : {};
  const kind = 'kind' in error && typeof error.kind === 'string' ? { kind: error.kind } : {};
  const cause = error.cause === undefined || depth >= CAUSES_MAX ? {} : { cause: errorFields(error.cause, depth + 1) };
  return { name, message, ...code, ...kind, stack, ...cause };
}
