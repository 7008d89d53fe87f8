import type { Fault } from '@vmdns/contracts';

/** Faults of names and addresses in a fact whose shape is already faulty, so that one answer names them all. */
export function moreVmFaults(_params: unknown, _body: unknown): readonly Fault[] {
  return [];
}
