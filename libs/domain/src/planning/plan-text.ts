import { byText, canonicalValues, type RrsetBody } from '../records/rrset.js';
import type { Reason } from './reason.js';

/** What one name of one zone has, or was to have, and what it shall have. */
export interface PlanChange {
  readonly zone: string;
  readonly provider: string;
  /** `observe`: it is planned, and nothing is written. */
  readonly mode: 'write' | 'observe';
  readonly name: string;
  readonly before: readonly RrsetBody[];
  readonly after: readonly RrsetBody[];
}
/** Something wanted that is not granted, and why; no zone: none encloses it. */
export interface PlanRefusal {
  readonly zone: string | null;
  readonly provider: string | null;
  readonly vmId: string;
  readonly name: string;
  readonly type: string;
  readonly reason: Reason;
}
/** A removal that would wait for a person, and by which rule. */
export interface PlanHold {
  readonly zone: string;
  readonly provider: string;
  readonly name: string;
  readonly removes: readonly RrsetBody[];
  readonly text: string;
}
/** A fact that is not simply taken: ignored, held or refused. */
export interface PlanFactNote { readonly vmId: string; readonly text: string }

/** A plan as a person reads it. */
export interface PlanReport {
  readonly changes: readonly PlanChange[];
  readonly refusals: readonly PlanRefusal[];
  readonly holds: readonly PlanHold[];
  readonly notes: readonly PlanFactNote[];
  /** Names that were left out of the lists above. */
  readonly more: number;
}

/** A plan in numbers of RRsets. */
export interface PlanCounts { readonly added: number; readonly changed: number; readonly removed: number; readonly held: number }

interface Line { readonly name: string; readonly sign: '+' | '~' | '-' | '!' | '?'; readonly text: string }

const valueText = (rrset: RrsetBody) => canonicalValues(rrset.type, rrset.values).join(' ');
const rrsetText = (name: string, rrset: RrsetBody) => `${name} ${rrset.ttl} ${rrset.type} ${valueText(rrset)}`;

function lineOf(name: string, before: RrsetBody | undefined, after: RrsetBody | undefined): Line | null {
  if (before === undefined) return after === undefined ? null : { name, sign: '+', text: rrsetText(name, after) };
  if (after === undefined) return { name, sign: '-', text: rrsetText(name, before) };
  const [from, to] = [valueText(before), valueText(after)];
  if (from === to && before.ttl === after.ttl) return null;
  const ttl = before.ttl === after.ttl ? String(after.ttl) : `${before.ttl} → ${after.ttl}`;
  return { name, sign: '~', text: `${name} ${ttl} ${after.type} ${from === to ? to : `${from} → ${to}`}` };
}

function linesOf(change: PlanChange): readonly Line[] {
  const types = [...new Set([...change.before, ...change.after].map((rrset) => rrset.type))].sort(byText);
  const find = (rrsets: readonly RrsetBody[], type: string) => rrsets.find((rrset) => rrset.type === type);
  return types.flatMap((type) => lineOf(change.name, find(change.before, type), find(change.after, type)) ?? []);
}

/** How many RRsets a plan adds, changes and removes, and how many removals of it would wait. */
export function planCounts({ changes, holds }: Pick<PlanReport, 'changes' | 'holds'>): PlanCounts {
  const signs = changes.flatMap(linesOf).map((line) => line.sign);
  const count = (sign: Line['sign']) => signs.filter((each) => each === sign).length;
  return { added: count('+'), changed: count('~'), removed: count('-'), held: holds.reduce((sum, hold) => sum + hold.removes.length, 0) };
}

const NO_ZONE = 'no zone';
const titleOf = (at: { readonly zone: string | null; readonly provider: string | null }) => (at.zone === null ? NO_ZONE : `${at.zone} (${at.provider ?? '?'})`);

/**
 * A plan for people: by zone and name, `+` added, `~` changed, `-` removed, `?` waits for a person, `!` not granted;
 * then what has no zone, the facts that are not taken, and the sum.
 */
export function planText(report: PlanReport): string {
  const parts = new Map<string, Line[]>();
  const add = (title: string, ...lines: readonly Line[]) => { parts.set(title, [...(parts.get(title) ?? []), ...lines]); };
  const observed = new Set<string>();
  for (const change of report.changes) {
    add(titleOf(change), ...linesOf(change));
    if (change.mode === 'observe') observed.add(titleOf(change));
  }
  for (const hold of report.holds) add(titleOf(hold), ...hold.removes.map((rrset): Line => ({ name: hold.name, sign: '?', text: `${rrsetText(hold.name, rrset)} would stay until a person decides` })));
  for (const refusal of report.refusals) add(titleOf(refusal), { name: refusal.name, sign: '!', text: `${refusal.name} ${refusal.type} of ${refusal.vmId}: ${refusal.reason.text} (${refusal.reason.code})` });
  const titles = [...parts.keys()].sort((a, b) => Number(a === NO_ZONE) - Number(b === NO_ZONE) || byText(a, b));
  const zones = titles.flatMap((title) => {
    const lines = (parts.get(title) ?? []).toSorted((a, b) => byText(a.name, b.name));
    return lines.length === 0 ? [] : [`${title}${observed.has(title) ? ', only observed: nothing is written' : ''}`, ...lines.map((line) => `  ${line.sign} ${line.text}`)];
  });
  const rules = [...new Set(report.holds.map((hold) => hold.text))].sort(byText);
  return [
    ...zones,
    ...(report.more === 0 ? [] : [`… and ${report.more} more names`]),
    ...(rules.length === 0 ? [] : ['on hold', ...rules.map((rule) => `  ? ${rule}`)]),
    ...(report.notes.length === 0 ? [] : ['facts', ...report.notes.map((note) => `  ! ${note.vmId}: ${note.text}`)]),
    sumText(planCounts(report), report.refusals.length),
  ].join('\n');
}

function sumText({ added, changed, removed, held }: PlanCounts, refused: number): string {
  const waits = held === 0 ? '' : ` ${held} ${held === 1 ? 'removal waits' : 'removals wait'} for a person.`;
  const nots = refused === 0 ? '' : ` ${refused} not granted.`;
  return `${added + changed + removed === 0 ? 'Nothing changes.' : `${added} added, ${changed} changed, ${removed} removed.`}${waits}${nots}`;
}
