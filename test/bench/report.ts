import { cpus } from 'node:os';
import { short } from './measure/numbers.js';

/** One number of one scenario beside its gate and its goal. */
export interface Figure {
  readonly scenario: string;
  readonly what: string;
  readonly value: number;
  readonly unit?: string;
  readonly range?: readonly [number, number];
  /** `≤` or `≥` and the number; figures without are for information. */
  readonly gate?: Limit;
  readonly goal?: Limit;
  readonly note?: string;
  /** The machine was too busy for a verdict. */
  readonly isNoisy?: boolean;
}

export interface Limit { readonly is: '≤' | '≥'; readonly value: number }

export const atMost = (value: number): Limit => ({ is: '≤', value });
export const atLeast = (value: number): Limit => ({ is: '≥', value });

export const holds = (value: number, limit: Limit): boolean => (limit.is === '≤' ? value <= limit.value : value >= limit.value);

/** `gate missed`, `gate`, `goal`, or nothing to reach. */
export function verdictOf(figure: Figure): string {
  if (figure.gate === undefined && figure.goal === undefined) return '';
  if (!Number.isFinite(figure.value)) return 'NOT MEASURED';
  if (figure.isNoisy === true) return 'too noisy';
  if (figure.gate !== undefined && !holds(figure.value, figure.gate)) return 'GATE MISSED';
  if (figure.goal === undefined) return 'gate';
  return holds(figure.value, figure.goal) ? 'goal' : figure.gate === undefined ? 'goal missed' : 'gate';
}

export const isMissed = (figure: Figure): boolean => ['GATE MISSED', 'NOT MEASURED', 'too noisy'].includes(verdictOf(figure));

/** The table at the end of a run. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.scenario, figure.what, `${short(figure.value)}${figure.unit === undefined ? '' : ` ${figure.unit}`}`,
    figure.range === undefined ? '' : `${short(figure.range[0])} … ${short(figure.range[1])}`, limitText(figure.gate), limitText(figure.goal), verdictOf(figure), figure.note ?? '',
  ]);
  const head = ['', 'figure', 'median', 'range', 'gate', 'goal', 'verdict', ''];
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => (row[at] ?? '').length)));
  return [head, ...rows].map((row) => row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('  ').trimEnd()).join('\n');
}

const limitText = (limit: Limit | undefined): string => (limit === undefined ? '' : `${limit.is} ${limit.value}`);

/** Marks all figures of sandwiches of which none was good. */
export const unless = (isNoisy: boolean, figures: readonly Figure[]): readonly Figure[] => (isNoisy ? figures.map((figure) => ({ ...figure, isNoisy })) : figures);

export const machineText = (): string => `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, Node ${process.version}`;
