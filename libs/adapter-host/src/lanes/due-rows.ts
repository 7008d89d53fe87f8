import type { Priority, RrsetBody } from '@vmdns/contracts';
import { textsOf, wantedOf } from '../results/outcome.js';
import type { DueRow } from './claim.js';

/** What most names have: one object for all of them. */
const NONE: readonly never[] = [];
const NOTHING_OWNED: Readonly<Record<string, string>> = {};

/** Names as a claim's statement writes them, a line each. `adopts`: a timeline was raised not long ago, and equals become ours (PROTOCOL §1). */
export function dueRowsOf(text: string, adopts: boolean): readonly DueRow[] {
  return text.split('\n').map((line) => dueRowOf(line.split('\t'), adopts));
}

function dueRowOf(columns: readonly string[], adopts: boolean): DueRow {
  const [ownerJson = '', zoneJson = '', digestJson = '', timeline, generation, wanted = '', puts = '', vms = '', priority, attempts, state = '', owned = '', doubt = '', still, mustRead, takeOver = '', reason = '', foreign = ''] = columns;
  const name = unquoted(ownerJson);
  return {
    name, zoneId: unquoted(zoneJson), digest: unquoted(digestJson), timeline: Number(timeline), generation: Number(generation),
    wanted: wantedOf(wanted).map((rrset: RrsetBody) => ({ name, type: rrset.type, ttl: rrset.ttl, values: rrset.values })), digests: textsOf(puts), wantedJson: wanted, vmsJson: vms,
    priority: Number(priority) as Priority, attempts: Number(attempts), state, confirm: state === 'unconfirmed',
    owned: owned === '{}' ? NOTHING_OWNED : (JSON.parse(owned) as DueRow['owned']),
    writing: doubt === '' ? NONE : textsOf(doubt), stillInDoubt: still === 't', mustRead: mustRead === 't' || doubt !== '',
    // What a person lets be taken over goes before what a raised timeline does.
    takeOver: takeOver === 'equal' || takeOver === 'any' ? takeOver : adopts ? 'equal' : undefined,
    reasonCode: reason === '' ? null : (JSON.parse(reason) as { code: string }).code,
    foreign: foreign === '' ? NONE : textsOf(foreign),
  };
}

const unquoted = (json: string): string => (json.includes('\\') ? (JSON.parse(json) as string) : json.slice(1, -1));
