import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { usage } from '../exit.js';
import type { Shell } from '../shell.js';

/** Where a command may take secrets from; the command line is none of them, for everybody on the machine can read it. */
export interface SecretOptions {
  /** `field=path` */
  readonly setFile?: readonly string[];
  /** `field=VARIABLE` */
  readonly setEnv?: readonly string[];
  /** A field's name, or true where the provider has but one secret. */
  readonly secretStdin?: string | true;
}

/** The secrets that were given, by field; `known` are the provider's secret fields. */
export async function givenSecrets(options: SecretOptions, known: readonly string[], shell: Shell): Promise<Record<string, string>> {
  const secrets: Record<string, string> = {};
  const keep = (field: string, value: string, from: string) => {
    if (field in secrets) throw usage(`${field} is given twice`);
    if (value === '') throw usage(`${from} is empty`);
    secrets[field] = value;
  };
  for (const [field, path] of pairs(options.setFile ?? [])) keep(field, await fileText(resolve(shell.folder, path)), path);
  for (const [field, variable] of pairs(options.setEnv ?? [])) keep(field, shell.environment[variable] ?? '', `the variable ${variable}`);
  if (options.secretStdin !== undefined) {
    const field = options.secretStdin === true ? theOnly(known) : options.secretStdin;
    keep(field, trimmed(await text(shell.stdin)), 'standard input');
  }
  return secrets;
}

/** Asks a person, without showing what is typed; undefined where nobody sits there. Nothing typed is a refusal. */
export function askSecret(field: string, shell: Shell): Promise<string> | undefined {
  const { stdin, stderr } = shell;
  if (stdin.isTTY !== true || stdin.setRawMode === undefined) return undefined;
  stderr.write(`${field} (not shown): `);
  stdin.setRawMode(true);
  return new Promise((done, failed) => {
    let typed = '';
    const end = () => {
      stdin.setRawMode?.(false);
      stdin.off('data', take);
      stdin.off('end', nothing);
      stdin.pause();
      stderr.write('\n');
    };
    const nothing = () => { end(); failed(usage('nothing was given')); };
    const take = (chunk: Buffer | string) => {
      for (const key of String(chunk)) {
        if ((key === '\r' || key === '\n') && typed !== '') { end(); done(typed); return; }
        if (['\r', '\n', '\u0003', '\u0004'].includes(key)) { nothing(); return; }
        typed = key === '\u007f' || key === '\b' ? typed.slice(0, -1) : typed + key;
      }
    };
    stdin.on('data', take);
    stdin.once('end', nothing);
    stdin.resume();
  });
}

/** `key=value` as a pair; the value may hold further equals signs. */
export function pairs(given: readonly string[]): readonly (readonly [string, string])[] {
  return given.map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw usage(`"${text.slice(0, Math.max(at, 0)) || text}" must be written as name=value`);
    return [text.slice(0, at), text.slice(at + 1)] as const;
  });
}

function theOnly(known: readonly string[]): string {
  const [only] = known;
  if (only === undefined) throw usage('this provider has no secret');
  if (known.length > 1) throw usage(`say which secret: --secret-stdin ${known.join(' or --secret-stdin ')}`);
  return only;
}

async function fileText(path: string): Promise<string> {
  try {
    return trimmed(await readFile(path, 'utf8'));
  } catch {
    throw usage(`${path} cannot be read`);
  }
}

/** Without the line break that editors and `echo` put at the end. */
const trimmed = (text: string) => text.replace(/\r?\n$/, '');
