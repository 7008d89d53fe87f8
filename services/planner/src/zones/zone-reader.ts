import { Injectable } from '@nestjs/common';
import type { Reason, RrsetBody, Zone, ZoneProgress } from '@vmdns/contracts';
import { parseName } from '@vmdns/domain';
import { Store } from '@vmdns/store';
import { findProgress } from '../planning/job.repository.js';
import { NAME_COLUMNS, type NameRow } from '../planning/name.repository.js';
import { standingOf } from '../status/name-standing.js';
import { VmDnsReader } from '../status/vm-dns.reader.js';
import { notFound } from './access.js';
import { keyRange } from './moves.js';
import { countNames, countUnwritten, findZone } from './zone.repository.js';
import { toZone, type ZoneRow } from './zone.row.js';

export interface ZoneName { name: string; state: string; reason?: Reason; rrsets: RrsetBody[]; generation: number }

/** Answers about zone entries. */
@Injectable()
export class ZoneReader {
  constructor(private readonly store: Store, private readonly dns: VmDnsReader) {}

  /** With the counts of all its names: reads the whole zone, for a person who looks at it. */
  async get(id: string): Promise<Zone> {
    const zone = await findZone(this.store, id);
    if (zone === undefined || zone.state === 'removed') throw notFound('zone', id);
    const counts = (await countNames(this.store, [id], false)).get(id) ?? {};
    const progress = await this.progress(zone, Object.values(counts).reduce((sum, count) => sum + count, 0));
    return { ...toZone(zone, counts), ...(progress === undefined ? {} : { progress }) };
  }

  /** Paged work on the zone's names; then, how far its provider has what came of that. */
  private async progress(zone: ZoneRow, names: number): Promise<ZoneProgress | undefined> {
    const job = await findProgress(this.store, keyRange(zone.apex));
    if (job !== undefined) {
      return { state: job.done === 0 ? 'waiting' : 'planning', done: job.done, total: job.total === null ? null : Math.max(job.total, job.done), why: job.why, since: job.created_at.toISOString() };
    }
    const unwritten = zone.mode === 'write' ? await countUnwritten(this.store, zone.id) : undefined;
    if (unwritten === undefined) return undefined;
    return { state: 'writing', done: Math.max(0, names - unwritten.count), total: Math.max(names, unwritten.count), why: 'names that were planned in pages go to the provider', since: unwritten.since.toISOString() };
  }

  /** With the counts of what is not settled only. */
  async list(limit: number, cursor = '', name?: string): Promise<{ items: Zone[]; next?: string }> {
    const apex = name === undefined ? null : parseName(name);
    if (apex !== null && !apex.ok) return { items: [] };
    const rows = await this.store.query<ZoneRow>(
      `select * from zone where state <> 'removed' and id > $1 and ($2::text is null or apex = $2) order by id limit $3`, [cursor, apex === null ? null : apex.name, limit + 1]);
    const page = rows.slice(0, limit);
    const counts = await countNames(this.store, page.map((zone) => zone.id), true);
    const last = page.at(-1);
    return { items: page.map((zone) => toZone(zone, counts.get(zone.id))), ...(rows.length > limit && last !== undefined ? { next: last.id } : {}) };
  }

  async names(id: string, limit: number, cursor = '', state?: string): Promise<{ items: ZoneName[]; next?: string }> {
    const zone = await findZone(this.store, id);
    if (zone === undefined) throw notFound('zone', id);
    const rows = await this.store.query<NameRow>(
      `select ${NAME_COLUMNS} from name where zone_id = $1 and owner_name > $2 and (desired <> '[]' or settled_generation < generation or plan_reason is not null)
          and ($4::text is null or state = $4 or (hold_id is not null and $4 = 'on-hold')) order by owner_name limit $3`, [id, cursor, limit + 1, state ?? null]);
    const around = await this.dns.circumstances(rows);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      items: page.map((row) => {
        const standing = standingOf(row, zone, around);
        return { name: row.owner_name, state: standing.state, rrsets: [...row.desired], generation: row.generation, ...(standing.reason === undefined ? {} : { reason: standing.reason }) };
      }),
      ...(rows.length > limit && last !== undefined ? { next: last.owner_name } : {}),
    };
  }
}
