import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROOT } from '../index.js';

interface Results { readonly numTotalTests: number; readonly testResults: readonly { readonly name: string; readonly status: string; readonly message: string; readonly assertionResults: readonly { readonly title: string; readonly status: string; readonly failureMessages: readonly string[] }[] }[] }

// What runs every spec must see what fails: these cases do, one file after the other in one worker.
describe('the runner of the specs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vmdns-runner-'));
  let code: number | null;
  let results: Results;
  beforeAll(() => {
    const file = join(folder, 'results.json');
    ({ status: code } = spawnSync(process.execPath, [
      join(ROOT, 'node_modules/jest/bin/jest.js'), '--config', join(ROOT, 'jest.config.mjs'), '--testMatch', '**/test/support/runner/cases/*.case.ts', '--runInBand', '--ci', '--json', '--outputFile', file,
    ], { cwd: ROOT, stdio: 'ignore', timeout: 80_000 }));
    results = JSON.parse(readFileSync(file, 'utf8')) as Results;
  }, 90_000);
  afterAll(() => { rmSync(folder, { recursive: true }); });

  const fileOf = (name: string) => {
    const found = results.testResults.find((one) => one.name.endsWith(`${name}.case.ts`));
    if (found === undefined) throw new Error(`${name} was not run`);
    return found;
  };

  it('ends with an error where anything failed', () => {
    expect([code, results.testResults.length]).toEqual([1, 3]);
  });

  it('tells apart what failed and what held, also where a shared module asserts', () => {
    const { assertionResults } = fileOf('fails');
    expect(assertionResults.map(({ title, status }) => `${title}: ${status}`)).toEqual([
      'asserts what is not so: failed', 'asserts it in a helper that cases share: failed', 'leaves a rejection: failed', 'takes too long: failed', 'holds: passed',
    ]);
    expect(assertionResults[0]?.failureMessages.join()).toMatch(/fails\.case\.ts:4:\d+/);
  });

  it('sees what fails beside the tests: cleaning up, and a file that cannot be loaded', () => {
    expect(fileOf('fails').message).toContain('cleaning up failed');
    expect(fileOf('cannot-be-loaded')).toMatchObject({ status: 'failed', message: expect.stringContaining('not loaded') });
  });

  it('is content with what holds', () => {
    expect(fileOf('passes')).toMatchObject({ status: 'passed', assertionResults: [{ title: 'holds', status: 'passed' }] });
  });
});
