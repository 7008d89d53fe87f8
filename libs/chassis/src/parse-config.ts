import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { registerSecret } from './redact.js';

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

const SECRET_VARIABLE = /(PASSWORD|TOKEN|SECRET|CREDENTIALS|(^|_)KEY)$/;

/** Whether the whole value of this variable is a secret. */
export const isSecretVariable = (variable: string): boolean => SECRET_VARIABLE.test(variable);

/**
 * Reads the variables of a schema. `X_FILE` gives `X` from a file (its last line break is cut); an empty variable counts
 * as absent. Values of secret variables (…PASSWORD, …TOKEN, …SECRET, …_KEY, passwords inside …_URL) are masked in every
 * log from then on (L10). Throws ConfigError.
 */
export function parseConfig<S extends z.ZodObject>(schema: S, environment: Environment): z.output<S> {
  const faults: ConfigFault[] = [];
  const given: Record<string, string> = {};
  for (const variable of Object.keys(schema.shape)) {
    const read = readVariable(variable, environment, schema.shape);
    if (typeof read === 'string') given[variable] = read;
    else if (read !== undefined) faults.push(read);
  }
  for (const [variable, value] of Object.entries(given)) hideSecrets(variable, value);
  const parsed = schema.safeParse(given);
  if (parsed.success && faults.length === 0) return parsed.data;
  const known = new Set(faults.map((fault) => fault.variable.replace(/_FILE$/, '')));
  const issues = parsed.success ? [] : parsed.error.issues.map((issue) => faultOf(issue, given)).filter((fault) => !known.has(fault.variable));
  throw new ConfigError([...faults, ...issues]);
}

/** The variable's text, a fault, or nothing where it is absent. */
function readVariable(variable: string, environment: Environment, shape: Readonly<Record<string, unknown>>): string | ConfigFault | undefined {
  const value = environment[variable] || undefined;
  const pointer = `${variable}_FILE`;
  // A schema may have a setting that is itself called X_FILE: a path, not a pointer.
  const file = pointer in shape ? undefined : environment[pointer] || undefined;
  if (file === undefined) return value;
  if (value !== undefined) return { variable, message: `is set, and ${pointer} too: set one of them` };
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const code = error !== null && typeof error === 'object' && 'code' in error ? ` (${String(error.code)})` : '';
    return { variable: pointer, message: `the file cannot be read${code}` };
  }
}

function hideSecrets(variable: string, value: string): void {
  if (isSecretVariable(variable)) registerSecret(value);
  if (!URL.canParse(value)) return;
  const { password } = new URL(value);
  if (password === '') return;
  registerSecret(password);
  registerSecret(decodeURIComponent(password));
}

function faultOf(issue: z.core.$ZodIssue, given: Readonly<Record<string, string>>): ConfigFault {
  const variable = String(issue.path[0] ?? '(together)');
  const isMissing = issue.path.length === 1 && issue.code === 'invalid_type' && !(variable in given);
  return { variable, message: isMissing ? 'is missing' : issue.message };
}
