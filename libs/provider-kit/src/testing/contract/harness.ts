import type { Rrset } from '@vmdns/domain';
import type { ProviderDefinition } from '../../port/provider.js';
import type { Fault } from '../memory/memory-world.js';

/** One zone of the provider under test, as the suite needs it. */
export interface ContractZone<C, Z> { readonly connection: C; readonly settings: Z }

/** What a provider brings to be tried: itself, a server behind it, and a second hand on that server. */
export interface ContractHarness<C, Z> {
  readonly definition: ProviderDefinition<C, Z>;
  /** An empty zone; each apex is asked for once. */
  makeZone(apex: string): Promise<ContractZone<C, Z>>;
  /** Another hand adds an RRset of any type, in the spelling given. */
  plant(apex: string, rrset: Rrset): Promise<void>;
  /** Another hand adds one that is switched off, where the provider knows that. */
  plantDisabled?(apex: string, rrset: Rrset): Promise<void>;
  /** Another hand takes one away. */
  uproot(apex: string, name: string, type: string): Promise<void>;
  /** The whole zone as the server itself keeps it, SOA with serial included: one line for each record, sorted. */
  witness(apex: string): Promise<readonly string[]>;
  /** From now on calls go wrong; undefined: all is well again. */
  fault(fault: Fault | undefined, on: 'reads' | 'writes'): Promise<void>;
  /** Must be seen nowhere. */
  readonly secrets: readonly string[];
  /** More than one answer of the API holds. */
  readonly manyNames?: number;
  stop(): Promise<void>;
}
