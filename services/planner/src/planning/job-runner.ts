import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, Log } from '@vmdns/chassis';
import { Store, type Tx } from '@vmdns/store';
import { Config } from '../config.js';
import { issueOfRow } from '../reconcile/commands.js';
import { readZones, writeOvertaken } from '../reconcile/settle.repository.js';
import { countJob, moveJob, takeJob, writeTotal, type Job } from './job.repository.js';
import { NAME_COLUMNS, type NameRow } from './name.repository.js';
import { NOTHING_PLANNED, replanVms } from './plan-facts.js';
import type { Planned } from './plan-keys.js';
import { Planner, Voice } from './planner.service.js';

/** What one page did, and where the next begins; no cursor: the job is done. */
interface Page { readonly planned: Planned; readonly cursor: string | undefined; readonly count: number }

/** So long after a page at most, while events come. */
const ASIDE_MAX_MS = 500;

/**
 * Does paged work: one page is one transaction, so that an event never waits for more than a page. While events come it
 * rests after each page for as long as that took: the names it has issued keep adapters and log busy too.
 */
@Injectable()
export class JobRunner {
  private readonly failing = new Set<number>();
  private running: Promise<void> | undefined;
  private isPoked = false;

  constructor(private readonly store: Store, private readonly planner: Planner, private readonly voice: Voice, private readonly log: Log, @Inject(CONFIG) private readonly config: Config) {}

  /** There may be work: begins now, or when what runs has ended. Never throws. */
  poke(): void {
    this.isPoked = true;
    this.running ??= this.loop().finally(() => { this.running = undefined; });
  }

  async stop(): Promise<void> {
    await this.running;
  }

  private async loop(): Promise<void> {
    while (this.isPoked) {
      this.isPoked = false;
      await this.run().catch((err: unknown) => this.log.warn({ err }, 'paged work has to wait'));
    }
  }

  /** Works until no job is left that another replica does not work on; a page that fails is left for the next call. */
  async run(): Promise<void> {
    this.failing.clear();
    for (let page = 0; page < 100_000; page += 1) {
      const from = performance.now();
      if (!await this.runPage()) return;
      if (this.planner.hasEvents) await delay(Math.min(performance.now() - from, ASIDE_MAX_MS), undefined, { ref: false });
    }
  }

  private async runPage(): Promise<boolean> {
    let job: Job | undefined;
    try {
      const done = await this.store.transaction(async (tx) => {
        job = await takeJob(tx, [...this.failing]);
        if (job === undefined) return undefined;
        const page = await this.page(tx, job);
        await moveJob(tx, job.id, page.cursor, page.count);
        return page;
      });
      if (done === undefined || job === undefined) return false;
      this.voice.planned(done.planned);
      if (job.total === null && done.cursor !== undefined) await this.count(job);
      return true;
    } catch (err) {
      if (job === undefined) throw err;
      this.failing.add(job.id);
      this.log.warn({ err, job: job.id, kind: job.body.kind }, 'a page of planning failed; it is tried again');
      return true;
    }
  }

  /** For people who watch, so it comes after the first page and may fail. */
  private async count(job: Job): Promise<void> {
    const total = await countJob(this.store, job).catch((err: unknown) => {
      this.log.debug({ err, job: job.id }, 'paged work could not be counted');
      return 0;
    });
    if (total !== undefined) await writeTotal(this.store, job.id, total);
  }

  private page(tx: Tx, job: Job): Promise<Page> {
    const { body, cursor } = job;
    switch (body.kind) {
      case 'keys': return this.keys(tx, body.from, body.to, cursor);
      case 'vms': return this.vms(tx, body.tenant, cursor);
      case 'unsettled': return this.unsettled(tx, body.provider, cursor);
      case 'hold': return this.hold(tx, body.holdId, cursor);
      case 'forget': return this.forget(tx, body.zoneId);
      default: return assertNever(body);
    }
  }

  /** Every key that somebody wishes or that has a row, in order; half as many keys as names, since each may have two. */
  private async keys(tx: Tx, from: string, to: string, cursor: string): Promise<Page> {
    const limit = Math.max(1, Math.floor(this.config.PLAN_PAGE_NAMES / 2));
    const rows = await tx.query<{ rkey: string }>(
      `(select distinct rkey from wish where rkey > $1 and rkey >= $2 and rkey < $3 order by rkey limit $4) union
       (select distinct rkey from name where rkey > $1 and rkey >= $2 and rkey < $3 order by rkey limit $4) order by rkey limit $4`, [cursor, from, to, limit]);
    const planned = await this.planner.planKeysIn(tx, rows.map((row) => row.rkey));
    return { planned, cursor: rows.length < limit ? undefined : rows.at(-1)?.rkey, count: rows.length };
  }

  private async vms(tx: Tx, tenant: string | undefined, cursor: string): Promise<Page> {
    const ask = await this.planner.ask(tx, 2);
    const rows = await tx.query<{ vm_id: string }>('select vm_id from vm where vm_id > $1 and ($3::text is null or tenant = $3) order by vm_id limit $2', [cursor, this.config.PLAN_EVENTS_MAX, tenant ?? null]);
    const planned = rows.length === 0 ? NOTHING_PLANNED : await replanVms(tx, ask, rows.map((row) => row.vm_id));
    return { planned, cursor: rows.length < this.config.PLAN_EVENTS_MAX ? undefined : rows.at(-1)?.vm_id, count: rows.length };
  }

  /** A new generation, because an adapter with a new store counts turns from the beginning. */
  private async unsettled(tx: Tx, provider: string | null, cursor: string): Promise<Page> {
    const ask = await this.planner.ask(tx, 2);
    const [zoneId = '', ownerName = ''] = cursor.split(' ');
    const zoneIds = [...ask.picture.zones.values()].filter((zone) => provider === null || zone.view.provider === provider).map((zone) => zone.view.zoneId);
    const rows = await tx.query<NameRow>(
      `select ${NAME_COLUMNS} from name where zone_id = any($1::text[]) and settled_generation < generation and (zone_id, owner_name) > ($2, $3)
        order by zone_id, owner_name limit $4 for update`, [zoneIds, zoneId, ownerName, this.config.PLAN_PAGE_NAMES]);
    const next = rows.map((row) => ({ ...row, timeline: Math.max(row.timeline, ask.timeline), generation: row.generation + 1 }));
    await writeOvertaken(tx, next.map((row) => ({ zoneId: row.zone_id, ownerName: row.owner_name, timeline: row.timeline, generation: row.generation, later: false })), this.config.REISSUE_FIRST_MS, this.config.REISSUE_MAX_MS);
    const zones = await readZones(tx, zoneIds);
    const issues = next.flatMap((row) => { const zone = zones.get(row.zone_id); return zone === undefined ? [] : [issueOfRow(row, zone)]; });
    const last = rows.at(-1);
    return {
      planned: { ...NOTHING_PLANNED, issues, vms: new Set(rows.flatMap((row) => row.vms)) },
      cursor: last === undefined || rows.length < this.config.PLAN_PAGE_NAMES ? undefined : `${last.zone_id} ${last.owner_name}`,
      count: rows.length,
    };
  }

  private async hold(tx: Tx, holdId: string, cursor: string): Promise<Page> {
    const limit = Math.max(1, Math.floor(this.config.PLAN_PAGE_NAMES / 2));
    const rows = await tx.query<{ owner_name: string; rkey: string }>(
      `select m.owner_name, n.rkey from hold_member m join name n on n.zone_id = m.zone_id and n.owner_name = m.owner_name
        where m.hold_id = $1 and m.owner_name > $2 order by m.owner_name limit $3`, [holdId, cursor, limit]);
    const planned = await this.planner.planKeysIn(tx, [...new Set(rows.map((row) => row.rkey))]);
    return { planned, cursor: rows.length < limit ? undefined : rows.at(-1)?.owner_name, count: rows.length };
  }

  /** Rows of a removed entry are nobody's: no plan reads or writes them any more. */
  private async forget(tx: Tx, zoneId: string): Promise<Page> {
    const rows = await tx.query(
      `delete from name where (zone_id, owner_name) in (select zone_id, owner_name from name where zone_id = $1 order by owner_name limit $2 for update) returning 1`,
      [zoneId, this.config.PLAN_PAGE_NAMES]);
    return { planned: NOTHING_PLANNED, cursor: rows.length === 0 ? undefined : '', count: rows.length };
  }
}

function assertNever(value: never): never {
  throw new Error(`no such job: ${JSON.stringify(value)}`);
}
