import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { endLeftOver, ManagedProcess, runningPid, startOf } from './processes.js';
import { until } from './wait.js';

let folder: string;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'vmdns-processes-')); });
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

const start = (name: string, script: string): ManagedProcess => ManagedProcess.start({
  name, command: process.execPath, args: ['-e', script], env: {}, logFile: join(folder, `${name}.log`), pidFile: join(folder, `${name}.json`),
});
const FOREVER = 'console.log("here"); setInterval(() => {}, 1000)';
const STUBBORN = `process.on("SIGTERM", () => {}); ${FOREVER}`;
const isUp = (one: ManagedProcess): Promise<unknown> => until(() => one.tail().includes('here'));

describe('a managed process', () => {
  it('ends when asked, and leaves no note behind', async () => {
    const one = start('polite', FOREVER);
    await isUp(one);
    expect(runningPid(join(folder, 'polite.json'))).toBe(one.pid);
    expect(await one.stop()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(existsSync(join(folder, 'polite.json'))).toBe(false);
  });

  it('is made to end when it does not listen', async () => {
    const one = start('stubborn', STUBBORN);
    await isUp(one);
    expect(await one.stop({ withinMs: 200 })).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('that cannot be started ends at once', async () => {
    const one = ManagedProcess.start({ name: 'none', command: '/does/not/exist', args: [], env: {}, logFile: join(folder, 'none.log') });
    expect((await one.exited).code).toBe(127);
  });
});

describe('what a killed launcher left running', () => {
  it('is ended by its note, also when it is frozen', async () => {
    const left = start('left', FOREVER);
    await isUp(left);
    left.signal('SIGSTOP');
    expect(await endLeftOver(join(folder, 'left.json'))).toBe(left.pid);
    expect(startOf(left.pid)).toBeUndefined();
  });

  it('is never somebody else whose pid it is now', async () => {
    const other = start('other', FOREVER);
    await isUp(other);
    const note = join(folder, 'old.json');
    writeFileSync(note, JSON.stringify({ pid: other.pid, started: '1' }));
    expect(await endLeftOver(note)).toBeUndefined();
    expect(other.exit).toBeUndefined();
    await other.kill();
  });
});
