import type { z } from 'zod';

/** One fault of the environment: which variable, what to mend. Never its value. */
export interface ConfigFault { readonly variable: string; readonly message: string }

/** Every fault of the environment at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly faults: readonly ConfigFault[]) {
    super(`configuration:\n${faults.map((fault) => `  ${fault.variable}: ${fault.message}`).join('\n')}`);
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the variables of a schema. `X_FILE` gives `X` from a file (its last line break is cut); an empty variable counts
 * as absent. Values of secret variables (…PASSWORD, …TOKEN, …SECRET, …_KEY, passwords inside …_URL) are masked in every
 * log from then on (L10). Throws ConfigError.
 */
export function parseConfig<S extends z.ZodObject>(_schema: S, _environment: Environment): z.output<S> { throw new Error('being built'); }
