import { types } from 'node:util';
import type { LoggerService } from '@nestjs/common';
import type { Log } from './log.js';

/** Nest's own voice in our log: its start-up chatter is debug. */
export class NestLog implements LoggerService {
  constructor(private readonly to: Log) {}

  log(message: unknown, ...context: readonly unknown[]): void {
    this.to.debug({ context: context.at(-1) }, String(message));
  }

  debug(message: unknown, ...context: readonly unknown[]): void {
    this.log(message, ...context);
  }

  verbose(message: unknown, ...context: readonly unknown[]): void {
    this.log(message, ...context);
  }

  warn(message: unknown, ...context: readonly unknown[]): void {
    this.to.warn({ context: context.at(-1) }, String(message));
  }

  error(message: unknown, ...context: readonly unknown[]): void {
    if (types.isNativeError(message)) this.to.error({ err: message, context: context.at(-1) }, message.message);
    else this.to.error({ context: context.at(-1), detail: context.at(0) }, String(message));
  }

  fatal(message: unknown, ...context: readonly unknown[]): void {
    this.error(message, ...context);
  }
}
