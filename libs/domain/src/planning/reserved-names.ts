import { relativeName } from '../names/labels.js';
import type { ZoneView } from './zone-view.js';

/**
 * Names that no VM gets, relative to the apex: `@` is the apex itself, `ns*` every name that begins so. They steer
 * mail, delegation and automatic configuration for everybody else in the zone.
 */
export const DEFAULT_RESERVED_NAMES: readonly string[] = ['@', 'www', 'mail', 'ns*', 'wpad', 'autodiscover', 'localhost', '_*'];

function matches(pattern: string, relative: string): boolean {
  if (pattern === '@' || pattern === '') return relative === '';
  const wanted = pattern.toLowerCase();
  return wanted.endsWith('*') && wanted !== '*' ? relative.startsWith(wanted.slice(0, -1)) : relative === wanted;
}

/** The reserved pattern that an owner name falls under in this zone, or null. */
export function reservedPattern(zone: Pick<ZoneView, 'apex' | 'reservedNames'>, ownerName: string): string | null {
  const relative = relativeName(ownerName, zone.apex);
  return (zone.reservedNames ?? DEFAULT_RESERVED_NAMES).find((pattern) => matches(pattern, relative)) ?? null;
}
