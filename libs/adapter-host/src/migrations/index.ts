import type { MigrationClass } from '@vmdns/store';
import { AddAdoptUntil1764600000000 } from './add-adopt-until.js';
import { AddBudget1764300000000 } from './add-budget.js';
import { AddLastError1764500000000 } from './add-last-error.js';
import { AddComparison1764100000010 } from './add-comparison.js';
import { AddPace1764700000000 } from './add-pace.js';
import { AddReadWholeAt1764100000000 } from './add-read-whole-at.js';
import { CreateTables1764000000000 } from './create-tables.js';

/** The schema of an adapter, step by step; a step that was shipped never changes. */
export const MIGRATIONS: readonly MigrationClass[] = [CreateTables1764000000000, AddReadWholeAt1764100000000, AddComparison1764100000010, AddBudget1764300000000, AddLastError1764500000000, AddAdoptUntil1764600000000, AddPace1764700000000];
