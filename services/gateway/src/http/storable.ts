import type { Fault } from '@vmdns/contracts';
import { pathText } from './faults.js';

const DEPTH_MAX = 32;
const FAULTS_MAX = 20;
const UNSTORABLE = /[\u0000\p{Surrogate}]/u;

/**
 * Texts that no store of ours can keep (Postgres knows no U+0000, UTF-8 no half of a surrogate pair), and values nested
 * deeper than anything we know; each with its path.
 */
export function storableFaults(value: unknown): readonly Fault[] {
  const faults: Fault[] = [];
  look(value, [], faults);
  return faults;
}

/** Whether nothing is nested deeper than anything we know. */
export const isShallow = (value: unknown, depth = 0): boolean =>
  typeof value !== 'object' || value === null || (depth < DEPTH_MAX && Object.values(value).every((each) => isShallow(each, depth + 1)));

function look(value: unknown, path: readonly PropertyKey[], faults: Fault[]): void {
  if (faults.length >= FAULTS_MAX) return;
  if (typeof value === 'string') {
    if (UNSTORABLE.test(value)) faults.push({ path: pathText(path), message: 'has a character that cannot be stored' });
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (path.length >= DEPTH_MAX) { faults.push({ path: pathText(path), message: 'is nested too deep' }); return; }
  const entries: readonly (readonly [PropertyKey, unknown])[] = Array.isArray(value) ? value.map((each, i) => [i, each] as const) : Object.entries(value);
  for (const [key, each] of entries) {
    if (typeof key === 'string') look(key, [...path, '(a field name)'], faults);
    look(each, [...path, key], faults);
  }
}
