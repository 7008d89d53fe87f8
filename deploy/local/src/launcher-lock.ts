import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import type { Home } from './home.js';
import { runningPid, startOf, notePid } from './processes.js';
import { StartProblem } from './settings.js';
import { until } from './wait.js';

/** A process that is known by when it started, so that another with its number is not taken for it. */
interface Known { readonly pid: number; readonly started: string }

/**
 * One launcher a home. One that is alive and wanted is left alone; one whose `npm start` was killed is asked to end,
 * and made to.
 */
export async function takeHome(home: Home, caller: Known | undefined): Promise<void> {
  const file = home.pidFile('launcher');
  const pid = runningPid(file);
  if (pid !== undefined) {
    const itsCaller = readCaller(callerFile(home));
    if (itsCaller === undefined || isAlive(itsCaller)) {
      throw new StartProblem(`vmdns already runs from ${home.folder} (pid ${pid}); stop it with: kill ${pid}`);
    }
    for (const [signal, withinMs] of [['SIGTERM', 30_000], ['SIGKILL', 5_000]] as const) {
      try {
        process.kill(pid, signal);
      } catch {
        break;
      }
      if (await until(() => runningPid(file) === undefined, { withinMs }).catch(() => false)) break;
    }
  }
  notePid(file, process.pid);
  if (caller === undefined) rmSync(callerFile(home), { force: true });
  else writeFileSync(callerFile(home), JSON.stringify(caller), { mode: 0o600 });
}

export function leaveHome(home: Home): void {
  if (runningPid(home.pidFile('launcher')) !== process.pid) return;
  rmSync(home.pidFile('launcher'), { force: true });
  rmSync(callerFile(home), { force: true });
}

function callerFile(home: Home): string {
  return home.path('run', 'caller.json');
}

function readCaller(file: string): Known | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Known;
  } catch {
    return undefined;
  }
}

export function isAlive(known: Known): boolean {
  return startOf(known.pid) === known.started;
}

/**
 * The npm that runs us, if one does: when it is killed it cannot pass that on, so we watch it. Between it and us there
 * may be a shell.
 */
export function callingNpm(env: Readonly<Record<string, string | undefined>>): Known | undefined {
  if (env['npm_lifecycle_event'] === undefined) return undefined;
  let pid = process.ppid;
  for (let step = 0; step < 3 && pid > 1; step += 1) {
    const { parent, command } = about(pid);
    if (/\bnpm\b|npm-cli/.test(command) && !/(^|\/)(sh|bash|dash)\b/.test(command.split(' ')[0] ?? '')) {
      const started = startOf(pid);
      return started === undefined ? undefined : { pid, started };
    }
    pid = parent;
  }
  return undefined;
}

function about(pid: number): { readonly parent: number; readonly command: string } {
  if (existsSync('/proc/self/stat')) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return { parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]), command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') };
    } catch {
      return { parent: 0, command: '' };
    }
  }
  const [parent = '0', ...command] = spawnSync('ps', ['-o', 'ppid=,command=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim().split(/\s+/);
  return { parent: Number(parent), command: command.join(' ') };
}
