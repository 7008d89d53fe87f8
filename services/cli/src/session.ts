import { InvalidArgumentError, type Command } from 'commander';
import { accessOf } from './config.js';
import { EXIT, type ExitCode } from './exit.js';
import { Api } from './http/api.js';
import type { Shell } from './shell.js';

/** One run of one command: how it calls vmdns, and how it speaks to whoever started it. */
export class Session {
  constructor(readonly shell: Shell, readonly isJson: boolean) {}

  async api(): Promise<Api> {
    return new Api(await accessOf(this.shell), this.shell.signal);
  }

  /** The answer: as it came with --json, else as lines for people. */
  tell(answer: unknown, lines: readonly string[]): void {
    if (this.isJson) this.shell.stdout.write(`${JSON.stringify(answer ?? {}, null, 2)}\n`);
    else this.say(...lines);
  }

  /** Lines for people. What others wrote into a record or a log cannot steer the terminal. */
  say(...lines: readonly string[]): void {
    for (const line of lines) this.shell.stdout.write(`${plain(line)}\n`);
  }
}

export const plain = (line: string) => line.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, '\u00b7');

export type Act<O> = (session: Session, options: O, ...names: readonly string[]) => Promise<ExitCode | undefined> | Promise<void>;

/** Builds commands: each has --json, and its exit code becomes the program's. */
export class Commands {
  exitCode: ExitCode = EXIT.done;

  constructor(private readonly shell: Shell) {}

  /** A command that does something; `options` are added by the caller's `shape`. */
  add<O>(parent: Command, name: string, text: string, shape: (command: Command) => Command, act: Act<O>): void {
    const command = shape(parent.command(name).description(text)).option('--json', 'the answer as JSON');
    command.action(async () => {
      const options = command.optsWithGlobals<O & { json?: boolean }>();
      this.exitCode = await act(new Session(this.shell, options.json === true), options, ...command.args) ?? EXIT.done;
    });
  }
}

/** For options that may be given more than once. */
export const many = (value: string, before: readonly string[] = []) => [...before, value];

/** For options that are whole numbers; the refusal names the option. */
export function whole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

const TIME_MAX_MS = 3650 * 86_400_000;

/** For options that are times such as `30s`, `500ms`, `5m`; as milliseconds. */
export function time(text: string): number {
  const ms = findTime(text);
  if (ms === undefined) throw new InvalidArgumentError('It must be a time such as 30s or 5m, at most 3650d.');
  return ms;
}

/** The milliseconds of a time such as `30s`; undefined where it is none, or too long for a calendar. */
export function findTime(text: string): number | undefined {
  const [, count, unit = 's'] = /^(\d{1,12})(ms|s|m|h|d)?$/.exec(text) ?? [];
  const ms = Number(count) * ({ ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit] ?? 1000);
  return ms <= TIME_MAX_MS ? ms : undefined;
}
