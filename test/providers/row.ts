/** A test that shows a row: its file, its title as it stands there, and the case of its table where it has one. */
export type Shown = readonly [file: string, title: string, tableCase?: string];

/** One thing that an API really does (PROVIDERS), and what becomes of it. */
export interface Row {
  /** Section of PROVIDERS and number in it. */
  readonly id: string;
  readonly says: string;
  /** `handled`: vmdns does right all the same. `refused`: vmdns does not do it, and says so with a reason. */
  readonly how: 'handled' | 'refused';
  readonly shownBy: readonly Shown[];
}

/** Rows of one section, numbered in their order. */
export function section(name: string, rows: readonly (readonly [how: Row['how'], says: string, ...shownBy: readonly Shown[]])[]): readonly Row[] {
  return rows.map(([how, says, ...shownBy], at) => ({ id: `${name}/${at + 1}`, how, says, shownBy }));
}

export const RECORDS = 'libs/provider-kit/src/testing/contract/clauses-of-records.ts';
export const TROUBLE = 'libs/provider-kit/src/testing/contract/clauses-of-trouble.ts';
