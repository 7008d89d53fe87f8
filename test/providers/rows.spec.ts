import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ROOT } from '../support/run-folder.js';
import { CLOUDFLARE_ROWS } from './cloudflare.rows.js';
import { EVERY_ADAPTERS_ROWS } from './every-adapter.rows.js';
import { HESTIACP_ROWS } from './hestiacp.rows.js';
import { POWERDNS_ROWS } from './powerdns.rows.js';
import { titlesOf, type TestTitles } from './test-titles.js';

const ROWS = [...HESTIACP_ROWS, ...POWERDNS_ROWS, ...CLOUDFLARE_ROWS, ...EVERY_ADAPTERS_ROWS];

/** How many rows each section has: one that is dropped is missed here. */
const COUNTED = {
  '2.1': 19, '2.2': 5, '2.3': 16, '2.4': 20, '0 HestiaCP': 5,
  '3 calls': 15, '3 topics': 32, '3 test zone': 4, '0 PowerDNS': 5,
  '4 calls': 9, '4 record': 7, '4 limits': 9, '4 codes': 12, '4 beside': 7,
  '1': 10, '10': 7, '11': 17,
};

const known = new Map<string, TestTitles>();
const titles = (file: string): TestTitles => {
  const read = known.get(file) ?? (existsSync(join(ROOT, file)) ? titlesOf(file) : new Map());
  known.set(file, read);
  return read;
};

describe('what the providers really do, row by row', () => {
  it('no row is missing, and no id stands twice', () => {
    const ids = ROWS.map((row) => row.id);
    expect(new Set(ids).size).toBe(ids.length);
    const counted = new Map<string, number>();
    for (const id of ids) counted.set(id.split('/')[0] ?? '', (counted.get(id.split('/')[0] ?? '') ?? 0) + 1);
    expect(Object.fromEntries(counted)).toEqual(COUNTED);
  });

  it.each(ROWS.map((row) => [row.id, row.how, row.says, row] as const))('%s is %s: %s', (_id, _how, _says, row) => {
    expect(row.shownBy.length).toBeGreaterThan(0);
    const missing = row.shownBy.filter(([file, title, tableCase]) => {
      const cases = titles(file).get(title);
      return cases === undefined || (tableCase !== undefined && !cases.has(tableCase));
    });
    expect(missing).toEqual([]);
  });

  // The one in memory is the suite's own, and runs it in provider-kit.
  const adapters = readdirSync(join(ROOT, 'services')).filter((name) => name.startsWith('adapter-') && name !== 'adapter-memory').map((name) => name.slice('adapter-'.length));

  it.each(adapters)('adapter-%s has the shape that services/README.md tells, and runs the contract', (name) => {
    const folder = join(ROOT, 'services', `adapter-${name}`);
    const shape = ['README.md', 'QUIRKS.md', 'fake', 'src/main.ts', 'src/index.ts', ...['provider', 'settings', 'client', 'errors', 'wire', 'zone', 'zone-test', 'contract.spec'].map((part) => `src/${name}.${part}.ts`)];
    expect(shape.filter((path) => !existsSync(join(folder, path)))).toEqual([]);
    expect(readFileSync(join(folder, `src/${name}.contract.spec.ts`), 'utf8')).toContain('providerContract(');
  });
});
