import type { Reason } from '@vmdns/contracts';
import type { Limiter, ProviderDefinition } from '@vmdns/provider-kit';
import type { Opened } from './connections.js';

/** A zone entry as the table knows it. */
export interface ZoneRow {
  readonly zone_id: string;
  readonly apex: string;
  readonly connection_id: string;
  readonly mode: 'write' | 'observe';
  readonly paused: boolean;
  readonly state: 'active' | 'leaving' | 'removed';
  readonly settings: Readonly<Record<string, unknown>>;
  readonly revision: number;
  readonly target: string;
}

/** A connection as the table knows it. */
export interface ConnectionRow {
  readonly connection_id: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly sealed: Readonly<Record<string, string>>;
  readonly paused: boolean;
  readonly removed: boolean;
  /** A person said that it leads to the same server as before; not yet carried out for every zone. */
  readonly same_server: boolean;
  readonly revision: number;
}

/** Where a zone entry leads. */
export type Resolution =
  /** The feed has not told enough yet. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unusable'; readonly reason: Reason }
  | { readonly kind: 'known'; readonly target: string; readonly limiter: Limiter };

/** The zone as its provider names it, given what could be opened. */
export function resolveZone(definition: ProviderDefinition, zone: ZoneRow, connection: ConnectionRow | undefined, opened: Opened<{ readonly connection: unknown }> | undefined, settings: Opened<{ readonly zone: unknown }>): Resolution {
  if (zone.revision === 0 || connection === undefined || opened === undefined) return { kind: 'unknown' };
  if (connection.removed) return { kind: 'unusable', reason: { code: 'credentials', text: 'the zone\'s connection was removed', hint: 'move the zone to another connection' } };
  if (!opened.ok) return { kind: 'unusable', reason: opened.reason };
  if (!settings.ok) return { kind: 'unusable', reason: settings.reason };
  try {
    return { kind: 'known', target: definition.target(opened.connection, zone.apex, settings.zone), limiter: definition.limiter(opened.connection) };
  } catch {
    // One odd connection must not keep all others from being settled; its words might quote a secret (L8, L10).
    return { kind: 'unusable', reason: { code: 'credentials', text: 'the provider makes no sense of this connection', hint: 'mend the connection' } };
  }
}

/** What a lane's columns say of the zones that lead to it. */
export interface LaneConfig {
  readonly target: string;
  readonly zoneId: string;
  readonly connectionId: string;
  readonly limiterKey: string | null;
  readonly paused: boolean;
  readonly observe: boolean;
  readonly removed: boolean;
  readonly held: 'unknown' | 'unusable' | 'target-changed' | null;
  readonly heldBy: Reason | null;
}

/** Of several entries with one target the one that is most alive, then the newest, opens the lane. */
export function leadingZone(zones: readonly ZoneRow[]): ZoneRow | undefined {
  const life = { active: 0, leaving: 1, removed: 2 } as const;
  return [...zones].sort((a, b) => life[a.state] - life[b.state] || b.revision - a.revision || (a.zone_id < b.zone_id ? -1 : 1))[0];
}

/** The lane of a target, by the entry that leads there and where that entry's connection leads now. */
export function laneConfig(zone: ZoneRow, connection: ConnectionRow | undefined, resolution: Resolution): LaneConfig {
  const isMoved = resolution.kind === 'known' && resolution.target !== zone.target;
  return {
    target: zone.target,
    zoneId: zone.zone_id,
    connectionId: zone.connection_id,
    limiterKey: resolution.kind === 'known' ? resolution.limiter.key : null,
    paused: zone.paused || connection?.paused === true,
    observe: zone.mode === 'observe',
    removed: zone.state === 'removed',
    held: resolution.kind === 'known' ? (isMoved ? 'target-changed' : null) : resolution.kind,
    heldBy: resolution.kind === 'unusable' ? resolution.reason : isMoved ? targetChanged(zone.target, resolution.target) : null,
  };
}

function targetChanged(from: string, to: string): Reason {
  return {
    code: 'target-changed',
    text: `the connection leads to ${to} now, but this zone's records are at ${from}`,
    hint: 'if it is the same server at a new address, say so (vmdns connection set <connection> --same-server); if it is another, lead the connection back and move the zone to a connection of its own',
  };
}
