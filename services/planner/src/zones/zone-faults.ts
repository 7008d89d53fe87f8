import type { Capabilities, Fault } from '@vmdns/contracts';
import { classlessBlock } from '@vmdns/domain';

/** What a zone asks that its provider cannot do, by what its adapter announced; an unknown provider is not judged. */
export function faultsForProvider(apex: string, ttl: { readonly forward: number; readonly reverse: number } | undefined, capabilities: Capabilities | undefined): Fault[] {
  if (capabilities === undefined) return [];
  const faults: Fault[] = [];
  for (const kind of ['forward', 'reverse'] as const) {
    const seconds = ttl?.[kind];
    if (seconds !== undefined && (seconds < capabilities.ttl.min || seconds > capabilities.ttl.max)) {
      faults.push({ path: `ttl.${kind}`, message: `the provider takes ${capabilities.ttl.min} to ${capabilities.ttl.max} seconds` });
    }
  }
  if (classlessBlock(apex) !== null && !capabilities.classlessReverse) faults.push({ path: 'name', message: 'the provider cannot hold classless reverse zones (RFC 2317)' });
  return faults;
}
