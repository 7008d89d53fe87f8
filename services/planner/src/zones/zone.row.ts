import { type BrakeOff, type Connection, type ConnectionFact, type Zone, type ZoneFact, type ZoneInput, ZoneLimits } from '@vmdns/contracts';

/** What of a zone entry may change, as its row keeps it; `successor`: the entry that it moves to. */
export type ZoneBody = Pick<ZoneInput, 'ttl' | 'addresses' | 'limits' | 'settings'> & { readonly reconcile?: ZoneInput['reconcile']; readonly brakeOff?: BrakeOff | undefined; readonly reservedNames?: readonly string[] | undefined; readonly successor?: string };

export interface ZoneRow {
  readonly id: string;
  readonly seq: number;
  readonly apex: string;
  readonly provider: string;
  readonly connection_id: string;
  readonly mode: 'write' | 'observe';
  /** It has been in mode `write`; until then it is a plan, and its names stay with the zone outside it. */
  readonly released: boolean;
  readonly body: ZoneBody;
  readonly state: 'active' | 'leaving' | 'removed';
  /** A leaving zone's records are removed first; else they stay at the provider. */
  readonly purge: boolean;
  readonly paused: boolean;
  readonly revision: number;
  readonly created_at: Date;
}

export interface ConnectionRow {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly sealed: Readonly<Record<string, string>>;
  readonly paused: boolean;
  readonly removed: boolean;
  /** A person said that these settings lead to the same server as those before. */
  readonly same_server: boolean;
  readonly revision: number;
  readonly created_at: Date;
}

const DAILY: ZoneInput['reconcile'] = { everySeconds: 86_400 };

/** A zone as people see it; `counts` says how many of its names are in which state. */
export function toZone(row: ZoneRow, counts: Readonly<Record<string, number>> = {}): Zone {
  return {
    id: row.id, name: row.apex, connectionId: row.connection_id, mode: row.mode, ttl: row.body.ttl, addresses: row.body.addresses,
    ...(row.body.reservedNames === undefined ? {} : { reservedNames: [...row.body.reservedNames] }),
    limits: ZoneLimits.parse(row.body.limits), ...(row.body.brakeOff === undefined || Date.parse(row.body.brakeOff.until) <= Date.now() ? {} : { brakeOff: row.body.brakeOff }), reconcile: row.body.reconcile ?? DAILY, settings: row.body.settings, provider: row.provider, state: row.state, paused: row.paused,
    createdAt: row.created_at.toISOString(), revision: row.revision, counts: { ...counts },
  };
}

export function toZoneFact(row: ZoneRow): ZoneFact {
  return {
    kind: 'zone', zoneId: row.id, apex: row.apex, provider: row.provider, connectionId: row.connection_id, mode: row.mode,
    paused: row.paused, state: row.state, settings: row.body.settings, reconcileEverySeconds: (row.body.reconcile ?? DAILY).everySeconds, revision: row.revision,
  };
}

/** A connection as people see it: of its secrets only the names (L10). */
export function toConnection(row: ConnectionRow): Connection {
  return {
    id: row.id, name: row.name, provider: row.provider, settings: { ...row.settings }, secrets: Object.keys(row.sealed).sort(), sealedFor: kidsOf(row.sealed),
    paused: row.paused, createdAt: row.created_at.toISOString(), revision: row.revision,
  };
}

/** The key that each secret is sealed for, as its envelope says in the clear (RFC 7516, 4.1.6). */
function kidsOf(sealed: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(sealed).flatMap(([field, jwe]) => {
    const kid = /"kid":"([\w-]+)"/.exec(Buffer.from(jwe.split('.')[0] ?? '', 'base64url').toString('latin1'))?.[1];
    return kid === undefined ? [] : [[field, kid]];
  }));
}

/** A connection as its adapter sees it: secrets still sealed for that adapter's key. */
export function toConnectionFact(row: ConnectionRow): ConnectionFact {
  return {
    kind: 'connection', connectionId: row.id, name: row.name, provider: row.provider, settings: { ...row.settings },
    sealed: { ...row.sealed }, paused: row.paused, removed: row.removed, ...(row.same_server ? { sameServer: true } : {}), revision: row.revision,
  };
}
