/** 0: done · 1: refused or failed · 2: wrong usage · 3: vmdns cannot be reached, or cannot store right now. */
export const EXIT = { done: 0, failed: 1, usage: 2, unreachable: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the command with this code and says why. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  constructor(readonly exitCode: ExitCode, message: string, readonly lines: readonly string[] = [], options?: ErrorOptions) {
    super(message, options);
  }
}

export const usage = (message: string, ...lines: readonly string[]) => new CommandError(EXIT.usage, message, lines);
