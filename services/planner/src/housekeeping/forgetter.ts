import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, Log, Metrics } from '@vmdns/chassis';
import { Store, textArray, type Tx } from '@vmdns/store';
import { Config } from '../config.js';
import { dropNames } from '../planning/name.repository.js';
import { stillFormer, type VmRow } from '../planning/vm.repository.js';
import { Clockwork } from '../reconcile/clockwork.js';

const EVERY_MS = 3_600_000;
const PAGE = 500;
const PAGES_MAX = 2_000;

/** How many rows a page took, and where the next begins; no cursor: it was the last. */
interface Page { readonly cut: number; readonly cursor: string | undefined }

/**
 * Forgets VMs that are gone and names that have no record, when they have been so for the retention: in pages that may be
 * stopped anywhere. Inventory begins an id that it has forgotten above what is known here, and an adapter that still
 * knows a name answers `behind`, so it does not matter who forgets first.
 */
@Injectable()
export class Forgetter {
  private readonly cut;

  constructor(private readonly store: Store, private readonly log: Log, metrics: Metrics, clockwork: Clockwork, @Inject(CONFIG) private readonly config: Pick<Config, 'GONE_RETENTION_DAYS'>) {
    this.cut = metrics.counter('vmdns_forgotten_total', 'Rows cut because their retention has passed, by what they were', ['what']);
    clockwork.add({ name: 'forgetting', everyMs: EVERY_MS, work: () => this.sweep() });
  }

  async sweep(): Promise<{ readonly vms: number; readonly names: number }> {
    const done = { vms: await this.inPages((tx, cursor) => this.forgetVms(tx, cursor)), names: await this.inPages((tx, cursor) => this.forgetNames(tx, cursor)) };
    this.cut.inc({ what: 'vm' }, done.vms);
    this.cut.inc({ what: 'name' }, done.names);
    if (done.vms + done.names > 0) this.log.info(done, 'what is long gone was forgotten');
    return done;
  }

  /** Not while a name that it had is not settled without it. Rows that somebody holds are left for the next round. */
  private async forgetVms(tx: Tx, cursor: string): Promise<Page> {
    const rows = await tx.query<Pick<VmRow, 'vm_id' | 'former'>>(
      `select vm_id, former from vm where deleted and vm_id > $1 and updated_at < clock_timestamp() - make_interval(days => $2)
          and not exists (select 1 from wish where wish.vm_id = vm.vm_id) order by vm_id limit $3 for update skip locked`, [cursor, this.config.GONE_RETENTION_DAYS, PAGE]);
    const open = new Set((await stillFormer(tx, rows.flatMap((row) => row.former))).map(({ zoneId, ownerName }) => `${zoneId} ${ownerName}`));
    const gone = rows.filter((row) => !row.former.some(({ zoneId, ownerName }) => open.has(`${zoneId} ${ownerName}`)));
    if (gone.length > 0) await tx.query('delete from vm where vm_id = any($1::text[])', [textArray(gone.map((row) => row.vm_id))]);
    return { cut: gone.length, cursor: rows.length < PAGE ? undefined : rows.at(-1)?.vm_id };
  }

  /** Who plans such a name at this moment has locked its row, or finds none and makes one. */
  private async forgetNames(tx: Tx, cursor: string): Promise<Page> {
    const [zoneId = '', ownerName = ''] = cursor.split(' ');
    const rows = await tx.query<{ zone_id: string; owner_name: string }>(
      `select zone_id, owner_name from name where desired = '[]' and (zone_id, owner_name) > ($1, $2) and settled_generation >= generation and (state = 'applied' or generation = 0)
          and updated_at < clock_timestamp() - make_interval(days => $3) and hold_id is null and hands is null and not kept and not replaces
          and not exists (select 1 from wish where wish.rkey = name.rkey) order by zone_id, owner_name limit $4 for update skip locked`, [zoneId, ownerName, this.config.GONE_RETENTION_DAYS, PAGE]);
    await dropNames(tx, rows.map((row) => ({ zoneId: row.zone_id, ownerName: row.owner_name })));
    const last = rows.at(-1);
    return { cut: rows.length, cursor: last === undefined || rows.length < PAGE ? undefined : `${last.zone_id} ${last.owner_name}` };
  }

  private async inPages(page: (tx: Tx, cursor: string) => Promise<Page>): Promise<number> {
    let total = 0;
    let cursor: string | undefined = '';
    for (let at = 0; at < PAGES_MAX && cursor !== undefined; at += 1) {
      const from: string = cursor;
      const done = await this.store.transaction((tx) => page(tx, from));
      total += done.cut;
      cursor = done.cursor;
    }
    return total;
  }
}
