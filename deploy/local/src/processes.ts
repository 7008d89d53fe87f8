import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pause, until, within } from './wait.js';

/** What to start, as whom, and where its output goes. */
export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the child: nothing is inherited unless named here. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Output is appended here; a file, not a pipe, so that the child outlives a killed parent unharmed. */
  readonly logFile: string;
  /** Where to note pid and start time, so that the next start can end a left-over. */
  readonly pidFile?: string;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One child process of ours, in its own process group so that Ctrl-C reaches the launcher alone. */
export class ManagedProcess {
  readonly exited: Promise<Exit>;
  private ended: Exit | undefined;

  private constructor(readonly spec: ProcessSpec, private readonly child: ChildProcess) {
    this.exited = new Promise((resolve) => {
      const end = (exit: Exit): void => {
        this.ended ??= exit;
        if (spec.pidFile !== undefined && notedPid(spec.pidFile) === child.pid) rmSync(spec.pidFile, { force: true });
        resolve(this.ended);
      };
      child.once('exit', (code, signal) => end({ code, signal }));
      child.once('error', () => end({ code: 127, signal: null }));
    });
  }

  static start(spec: ProcessSpec): ManagedProcess {
    mkdirSync(dirname(spec.logFile), { recursive: true });
    const log = openSync(spec.logFile, 'a', 0o600);
    try {
      const child = spawn(spec.command, [...spec.args], {
        env: { ...spec.env },
        stdio: ['ignore', log, log],
        detached: true,
        ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
        ...(spec.uid === undefined ? {} : { uid: spec.uid }),
        ...(spec.gid === undefined ? {} : { gid: spec.gid }),
      });
      const started = new ManagedProcess(spec, child);
      if (spec.pidFile !== undefined && child.pid !== undefined) notePid(spec.pidFile, child.pid);
      return started;
    } finally {
      closeSync(log);
    }
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`starting ${this.spec.name}: ${this.spec.command} could not be run`);
    return this.child.pid;
  }

  get exit(): Exit | undefined {
    return this.ended;
  }

  /** Sends a signal; a process that has ended is left alone. */
  signal(signal: NodeJS.Signals): void {
    if (this.ended === undefined) this.child.kill(signal);
  }

  /** Asks it to end, and makes it end when it does not within the limit. May run twice. */
  async stop(options: { readonly signal?: NodeJS.Signals; readonly withinMs?: number } = {}): Promise<Exit> {
    const { signal = 'SIGTERM', withinMs = 12_000 } = options;
    this.signal('SIGCONT');
    this.signal(signal);
    const exit = await within(this.exited, withinMs);
    return exit ?? this.kill();
  }

  /** kill -9, and waits until it is gone. */
  async kill(): Promise<Exit> {
    this.signal('SIGKILL');
    return this.exited;
  }

  /** The last lines of its output. */
  tail(lines = 15): string {
    return tailOf(this.spec.logFile, lines);
  }
}

/** The last lines of a log file; empty when there is none. */
export function tailOf(file: string, lines: number): string {
  if (!existsSync(file)) return '';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}

/** When a process started, in whatever words the system has for it; undefined when there is no such process. */
export function startOf(pid: number): string | undefined {
  if (existsSync('/proc/self/stat')) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // Field 3 is the state: a zombie has ended already. Field 22 counts clock ticks since the machine started.
      return fields[0] === 'Z' ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  const asked = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const text = asked.stdout?.trim();
  return text === '' ? undefined : text;
}

interface PidNote { readonly pid: number; readonly started: string }

function readNote(pidFile: string): PidNote | undefined {
  try {
    const note: unknown = JSON.parse(readFileSync(pidFile, 'utf8'));
    if (typeof note !== 'object' || note === null || !('pid' in note) || !('started' in note)) return undefined;
    return typeof note.pid === 'number' && typeof note.started === 'string' ? { pid: note.pid, started: note.started } : undefined;
  } catch {
    return undefined;
  }
}

/** Notes who runs, so that nobody else is ever taken for it: a pid alone is used again by the system. */
export function notePid(pidFile: string, pid: number): void {
  mkdirSync(dirname(pidFile), { recursive: true });
  writeFileSync(pidFile, JSON.stringify({ pid, started: startOf(pid) ?? '' }), { mode: 0o600 });
}

function notedPid(pidFile: string): number | undefined {
  return readNote(pidFile)?.pid;
}

/** The pid in the file, if that very process still runs. */
export function runningPid(pidFile: string): number | undefined {
  const note = readNote(pidFile);
  return note !== undefined && startOf(note.pid) === note.started ? note.pid : undefined;
}

/** Ends what an earlier launcher, killed before it could clean up, has left running. Gives the pid it ended. */
export async function endLeftOver(pidFile: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | undefined> {
  const pid = runningPid(pidFile);
  if (pid !== undefined) {
    const isGone = (): boolean => runningPid(pidFile) === undefined;
    for (const [sent, withinMs] of [[signal, 8_000], ['SIGKILL', 5_000]] as const) {
      send(pid, 'SIGCONT');
      send(pid, sent);
      await until(isGone, { withinMs }).catch(() => pause(0));
      if (isGone()) break;
    }
  }
  rmSync(pidFile, { force: true });
  return pid;
}

/** The processes whose parent it is. */
export function childrenOf(pid: number): readonly number[] {
  if (pid <= 1) return [];
  const asked = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const pairs = asked.error === undefined && asked.status === 0 ? asked.stdout.trim().split('\n').map((line) => line.trim().split(/\s+/).map(Number)) : pairsOfProc();
  return pairs.filter(([, parent]) => parent === pid).map(([child = 0]) => child);
}

/** Slim images have no `ps`. */
function pairsOfProc(): readonly (readonly number[])[] {
  if (!existsSync('/proc/self/stat')) return [];
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).flatMap((entry) => {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      return [[Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])]];
    } catch {
      return [];
    }
  });
}

export function killQuietly(pid: number): void {
  send(pid, 'SIGKILL');
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone in the meantime: what was wanted.
  }
}
