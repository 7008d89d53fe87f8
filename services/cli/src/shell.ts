import type { Readable, Writable } from 'node:stream';

/** What surrounds the command: everything it reads and writes, so that a test can be its shell. */
export interface Shell {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown };
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Ends what runs for ever (`log -f`). */
  readonly signal: AbortSignal;
  now(): Date;
}
