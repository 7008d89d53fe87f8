import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { Scene, type Clause } from './clause.js';
import { CLAUSES_OF_RECORDS } from './clauses-of-records.js';
import { CLAUSES_OF_TROUBLE } from './clauses-of-trouble.js';
import type { ContractHarness } from './harness.js';

/** The 16 clauses of PROVIDERS §11, in the order of the story. */
export const CLAUSES: readonly Clause[] = [...CLAUSES_OF_RECORDS, ...CLAUSES_OF_TROUBLE];

/**
 * The contract of every provider (PROVIDERS §11), told as a story: each step starts from the state that the last one
 * left. Steps are left out by declared capability only.
 */
export function providerContract<C, Z>(title: string, start: () => Promise<ContractHarness<C, Z>>): void {
  describe(`The contract of a provider: ${title}`, () => {
    let scene: Scene<C, Z>;
    beforeAll(async () => { scene = new Scene(await start()); });
    afterAll(async () => { await scene?.harness.stop(); });
    for (const clause of CLAUSES) it(clause.title, () => clause.run(scene), 150_000);
  });
}
