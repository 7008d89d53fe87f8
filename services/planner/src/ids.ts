import { randomBytes } from 'node:crypto';

/** A new id of ours: also a subject token as it is. */
export function newId(kind: 'zone' | 'connection' | 'pause' | 'hold'): string {
  return `${kind}-${randomBytes(6).toString('hex')}`;
}
