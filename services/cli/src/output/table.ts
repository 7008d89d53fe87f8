/** A column: its heading, and the text of a row. */
export interface Column<T> { readonly title: string; readonly of: (row: T) => string }

/** Rows in aligned columns, two spaces apart; a column that is empty in every row is left out. */
export function table<T>(columns: readonly Column<T>[], rows: readonly T[], indent = ''): string[] {
  const cells = rows.map((row) => columns.map((column) => column.of(row)));
  const used = columns.map((_, i) => cells.some((row) => row[i] !== ''));
  const lines = [columns.map((column) => column.title), ...cells].map((row) => row.filter((_, i) => used[i]));
  const widths = (lines[0] ?? []).map((_, i) => Math.max(...lines.map((line) => width(line[i] ?? ''))));
  return lines.map((line) => (indent + line.map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - width(cell))).join('  ')).trimEnd());
}

/** Code points, so that a name in another script does not shift its row. */
const width = (text: string) => [...text].length;
