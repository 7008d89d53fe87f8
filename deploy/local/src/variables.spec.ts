import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { VARIABLES } from './variables.js';

const FOLDER = new URL('./', import.meta.url);
/** The surroundings of a program, no settings of ours; SQLITE3 and CHROMIUM are for tests alone. */
const OTHERS = new Set(['PATH', 'SQLITE3', 'CHROMIUM']);

describe('the variables of the local stack', () => {
  it('each one that is read is described', () => {
    const texts = readdirSync(FOLDER).filter((file) => /^(settings|binaries)\.ts$/.test(file)).map((file) => readFileSync(new URL(file, FOLDER), 'utf8'));
    const read = texts.flatMap((text) => [...text.matchAll(/env\['([A-Z_0-9]+)'\]/g), ...text.matchAll(/variable: '([A-Z_0-9]+)'/g)].map(([, name]) => name ?? ''));
    expect([...new Set(read)].filter((name) => !OTHERS.has(name)).sort()).toEqual(VARIABLES.map(({ name }) => name).sort());
  });
});
