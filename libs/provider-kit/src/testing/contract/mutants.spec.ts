import { describe, expect, it } from '@jest/globals';
import { Scene } from './clause.js';
import { memoryHarness } from './memory-harness.js';
import { MUTANTS, type Mutant } from './mutants.js';
import { CLAUSES } from './provider-contract.js';

/** The number of the clause that is the first to fail; undefined: none did. */
async function firstToFail(grain: 'rrset' | 'record', mutant: Mutant): Promise<number | undefined> {
  const scene = new Scene(memoryHarness(grain, mutant.alter));
  for (const clause of CLAUSES) {
    try {
      await clause.run(scene);
    } catch {
      return clause.number;
    }
  }
  return undefined;
}

describe('the contract notices a provider that breaks it', () => {
  const cases = (['rrset', 'record'] as const).flatMap((grain) => MUTANTS.filter((one) => one.grains?.includes(grain) ?? true).map((mutant) => ({ grain, mutant, clause: mutant.clause, fault: mutant.fault })));
  it.each(cases)('clause $clause, by $grain: $fault', async ({ grain, mutant }) => {
    expect(await firstToFail(grain, mutant)).toBe(mutant.clause);
  });

  it('and every clause is shown to catch something', () => {
    expect([...new Set(MUTANTS.map((mutant) => mutant.clause))]).toEqual([...new Set(CLAUSES.map((clause) => clause.number))]);
  });
});
