import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { fileOf, PAGES } from './pages.js';
import { PROGRAMS, variablesOf, type Program } from './variables.js';

const programs = Object.keys(PROGRAMS) as Program[];
const stale = (path: string): string => `${path} is stale: run \`npm run docs\` and commit it`;

describe('the generated pages', () => {
  it.each(PAGES)('$path is as the sources say', async ({ path, render }) => {
    // One line instead of a long difference: the cure is always the same.
    if (readFileSync(fileOf(path), 'utf8') !== await render()) throw new Error(stale(path));
  });

  it.each(programs)('every variable of %s says what it means', (program) => {
    expect(variablesOf(program).filter(({ meaning }) => !/^.{10,}\.$/.test(meaning)).map(({ name }) => name)).toEqual([]);
  });

  it('a default that is a number, a word or different everywhere is shown as such', () => {
    const of = (name: string) => programs.flatMap(variablesOf).find((variable) => variable.name === name);
    expect(of('DATABASE_POOL_MAX')).toMatchObject({ type: 'integer 2..200', preset: '`10`', isRequired: false, isSecret: false });
    expect(of('LOG_LEVEL')).toMatchObject({ type: '`debug`, `info`, `warn`, `error`, `silent`', preset: '`info`' });
    expect(of('INSTANCE')).toMatchObject({ preset: 'host name and process id' });
    expect(of('DATABASE_URL')).toMatchObject({ isRequired: true, preset: undefined });
    expect(of('NATS_PASSWORD')).toMatchObject({ isSecret: true, isRequired: false });
  });
});
