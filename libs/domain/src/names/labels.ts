import type { OwnerName } from './owner-name.js';

/** The labels of a canonical absolute name, leftmost first; the root has none. Knows escaped dots (RFC 1035, 5.1). */
export function labelsOf(name: OwnerName): readonly string[] {
  if (name === '.') return [];
  const bare = name.slice(0, -1);
  return bare.includes('\\') ? (bare.match(/(?:\\.|[^.\\])+/g) ?? []) : bare.split('.');
}

/** The absolute name of these labels, leftmost first. */
export function nameOfLabels(labels: readonly string[]): OwnerName {
  return labels.length === 0 ? '.' : `${labels.join('.')}.`;
}

/** Whether `name` is `apex` or below it, by whole labels: `1.2.13.0` is not in `3.2.1`. Both canonical. */
export function isWithin(name: OwnerName, apex: OwnerName): boolean {
  if (apex === '.' || name === apex) return true;
  if (!name.endsWith(apex)) return false;
  const before = name.length - apex.length - 1;
  if (before < 1 || name[before] !== '.') return false;
  let escapes = 0;
  while (name[before - 1 - escapes] === '\\') escapes += 1;
  return escapes % 2 === 0;
}

/** The part of `name` left of `apex`, without a dot at the end: '' at the apex. Throws when it is not within. */
export function relativeName(name: OwnerName, apex: OwnerName): string {
  if (!isWithin(name, apex)) throw new RangeError(`taking the relative name of ${name} in ${apex}, which does not enclose it`);
  if (name === apex) return '';
  return apex === '.' ? name.slice(0, -1) : name.slice(0, name.length - apex.length - 1);
}

/**
 * The labels reversed, `com.example.vm1.`, for range scans: a name is within an apex when its key starts with the apex' key.
 * The root's key is empty.
 */
export function reverseKey(name: OwnerName): string {
  return name === '.' ? '' : `${[...labelsOf(name)].reverse().join('.')}.`;
}

/** The name of a key: undoes `reverseKey`. */
export function nameOfReverseKey(key: string): OwnerName {
  return key === '' ? '.' : nameOfLabels(labelsOf(key).toReversed());
}

/** The name and each name that encloses it, longest first, without the root. */
export function enclosingNames(name: OwnerName): readonly OwnerName[] {
  let at = 0;
  return labelsOf(name).map((label) => {
    const rest = name.slice(at);
    at += label.length + 1;
    return rest;
  });
}
