import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from '../support/run-folder.js';

/** The tests of one file: each title with the cases of its table, as they stand in the source. */
export type TestTitles = ReadonlyMap<string, ReadonlySet<string>>;

/** Titles of `it`, `describe` and the contract, of `it.each` and `describe.each` with their tables, and of the contract's clauses (`title: …`). */
export function titlesOf(file: string): TestTitles {
  const titles = new Map<string, Set<string>>();
  const note = (title: string, cases: readonly string[] = []): void => {
    titles.set(title, new Set([...(titles.get(title) ?? []), ...cases]));
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const title = node.arguments[0] === undefined ? undefined : textOf(node.arguments[0]);
      const table = tableOf(node.expression);
      if (title !== undefined && (table !== undefined || isTest(node.expression))) note(title, table === undefined ? [] : textsBelow(table));
    }
    if (ts.isPropertyAssignment(node) && node.name.getText() === 'title') {
      const title = textOf(node.initializer);
      if (title !== undefined) note(title);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(join(ROOT, file), 'utf8'), ts.ScriptTarget.ES2023, true));
  return titles;
}

const isTest = (callee: ts.Node): boolean => ts.isIdentifier(callee) && ['it', 'describe', 'providerContract'].includes(callee.text);

/** The table of `it.each(table)`. */
function tableOf(callee: ts.Node): ts.Node | undefined {
  if (!ts.isCallExpression(callee) || !ts.isPropertyAccessExpression(callee.expression) || callee.expression.name.text !== 'each') return undefined;
  return isTest(callee.expression.expression) ? callee : undefined;
}

/** A text as written; a template's holes stay holes. */
function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  return ts.isTemplateExpression(node) ? node.getText().slice(1, -1) : undefined;
}

function textsBelow(node: ts.Node): readonly string[] {
  const text = textOf(node);
  const below: string[] = text === undefined ? [] : [text];
  ts.forEachChild(node, (child) => { below.push(...textsBelow(child)); });
  return below;
}
