import { byText, canonicalValues, type RrsetBody } from '../records/rrset.js';

/** What one name of one zone has, or was to have, and what it shall have. */
export interface PlanChange {
  readonly zone: string;
  readonly provider: string;
  readonly name: string;
  readonly before: readonly RrsetBody[];
  readonly after: readonly RrsetBody[];
  /** Why something is refused or waits. */
  readonly note?: string | undefined;
}
/** A plan in numbers of RRsets. */
export interface PlanCounts { readonly added: number; readonly changed: number; readonly removed: number }

interface Line { readonly sign: '+' | '~' | '-' | '!'; readonly text: string }

const valueText = (rrset: RrsetBody) => canonicalValues(rrset.type, rrset.values).join(' ');

function lineOf(name: string, before: RrsetBody | undefined, after: RrsetBody | undefined): Line | null {
  if (before === undefined) return after === undefined ? null : { sign: '+', text: `${name} ${after.ttl} ${after.type} ${valueText(after)}` };
  if (after === undefined) return { sign: '-', text: `${name} ${before.ttl} ${before.type} ${valueText(before)}` };
  const [from, to] = [valueText(before), valueText(after)];
  if (from === to && before.ttl === after.ttl) return null;
  const ttl = before.ttl === after.ttl ? String(after.ttl) : `${before.ttl} → ${after.ttl}`;
  return { sign: '~', text: `${name} ${ttl} ${after.type} ${from === to ? to : `${from} → ${to}`}` };
}

function linesOf(change: PlanChange): readonly Line[] {
  const types = [...new Set([...change.before, ...change.after].map((rrset) => rrset.type))].sort(byText);
  const find = (rrsets: readonly RrsetBody[], type: string) => rrsets.find((rrset) => rrset.type === type);
  const lines = types.flatMap((type) => lineOf(change.name, find(change.before, type), find(change.after, type)) ?? []);
  return change.note === undefined ? lines : [...lines, { sign: '!', text: `${change.name} ${change.note}` }];
}

/** How many RRsets a plan adds, changes and removes. */
export function planCounts(changes: readonly PlanChange[]): PlanCounts {
  const signs = changes.flatMap(linesOf).map((line) => line.sign);
  const count = (sign: Line['sign']) => signs.filter((each) => each === sign).length;
  return { added: count('+'), changed: count('~'), removed: count('-') };
}

/** A plan for people: by zone and name, `+` added, `~` changed, `-` removed, `!` not granted; then the sum. */
export function planText(changes: readonly PlanChange[]): string {
  const titleOf = (change: PlanChange) => `${change.zone} (${change.provider})`;
  const titles = [...new Set(changes.map(titleOf))].sort(byText);
  const parts = titles.flatMap((title) => {
    const lines = changes.filter((change) => titleOf(change) === title).toSorted((a, b) => byText(a.name, b.name)).flatMap(linesOf);
    return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line.sign} ${line.text}`)];
  });
  const { added, changed, removed } = planCounts(changes);
  const sum = added + changed + removed === 0 ? 'Nothing changes.' : `${added} added, ${changed} changed, ${removed} removed.`;
  return [...parts, sum].join('\n');
}
