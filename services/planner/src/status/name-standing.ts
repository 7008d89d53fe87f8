import type { NameState, Pause, Reason } from '@vmdns/contracts';
import { reasonOf, type ZoneView } from '@vmdns/domain';
import type { NameStanding } from '../planning/name.repository.js';
import type { DnsPicture } from './vm-dns.reader.js';

/** How a name stands, with the reason that a person needs. */
export interface Standing { readonly state: NameState; readonly reason?: Reason }

/** An adapter announces itself every 5 s. */
const ADAPTER_SILENT_MS = 30_000;

type Around = Pick<DnsPicture, 'pauses' | 'adapters' | 'now'>;

/** An unsettled name is explained by what stops it: a pause, or an adapter that nobody hears; else by its own reason. */
export function standingOf(row: NameStanding, zone: Pick<ZoneView, 'apex' | 'provider' | 'mode'>, around: Around): Standing {
  const state = toNameState(row.state);
  if (row.hold_id !== null) return { state: 'on-hold', reason: reasonOf.onHold(`the removal of ${row.owner_name}`) };
  if (row.kept) return { state, reason: reasonOf.kept(row.owner_name) };
  if (row.settled_generation >= row.generation) {
    // Only looked at so far, and written from now on: what was seen is no answer any more (L14).
    if (state === 'observed' && zone.mode === 'write') return { state: 'pending' };
    if (row.desired.length === 0 && row.plan_reason !== null) return { state: 'refused', reason: row.plan_reason };
    return { state, ...because(row.reason ?? row.plan_reason) };
  }
  const pause = around.pauses.get(row.zone_id);
  if (pause !== undefined) return { state: stopped(state), reason: reasonOf.paused(scopeText(pause, zone.apex)) };
  if (row.reason?.code === 'paused' || row.reason?.code === 'throttled') return { state: stopped(state), reason: row.reason };
  if (row.reason === null && !row.heard) {
    const silent = silence(zone.provider, around);
    if (silent !== undefined) return { state, reason: silent };
  }
  return { state, ...because(row.reason) };
}

/** A change that is paused or has to wait is no answer: the name server still says what it said before. */
function stopped(state: NameState): NameState {
  return state === 'failed' || state === 'unconfirmed' ? state : 'pending';
}

function because(reason: Reason | null): { reason?: Reason } {
  return reason === null ? {} : { reason };
}

function silence(provider: string, around: Around): Reason | undefined {
  const seenAt = around.adapters.get(provider);
  if (seenAt !== undefined && around.now.getTime() - seenAt.getTime() < ADAPTER_SILENT_MS) return undefined;
  return {
    code: 'provider-unreachable', hint: `Start the service adapter-${provider}; the change then goes out by itself.`,
    text: seenAt === undefined ? `no adapter for the provider ${provider} was ever heard of` : `the adapter of the provider ${provider} was last heard of at ${seenAt.toISOString()}`,
  };
}

/** By the apex, which people know, not by an id. */
function scopeText(pause: Pause, apex: string): string {
  const scope = pause.scope.kind === 'all' ? 'everything' : pause.scope.kind === 'zone' ? `the zone ${apex}` : `the connection of the zone ${apex}`;
  const why = pause.why === '' ? '' : ` (${pause.why})`;
  return `${scope} by ${pause.by}${why} since ${pause.since}${pause.until === null ? '' : ` until ${pause.until}`}`;
}

const STATES: readonly NameState[] = ['pending', 'applied', 'refused', 'failed', 'unconfirmed', 'on-hold', 'waiting', 'outside', 'observed'];

export function toNameState(text: string): NameState {
  return STATES.find((state) => state === text) ?? 'pending';
}
