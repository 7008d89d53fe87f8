import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, Log, Metrics, Recurring } from '@vmdns/chassis';
import type { VmState } from '@vmdns/contracts';
import { ChangeFeed, Store, type Tx } from '@vmdns/store';
import type { Config } from '../config.js';

const EVERY_MS = 3_600_000;
const PAGE_VMS = 500;
/** In one round; what is left comes in the next. */
const PAGES_MAX = 2_000;

type Settings = Pick<Config, 'GONE_RETENTION_DAYS' | 'CHANGE_RETENTION_DAYS'>;

/** What one round cut. */
export interface Cut { readonly vms: number; readonly changes: number; readonly days: number }

/**
 * Forgets VMs long gone, and cuts from the change feed what was said anew since: at start and every hour, in pages that
 * may be stopped anywhere. Of a living VM, and of one that is gone since less than the retention, nothing is lost.
 */
@Injectable()
export class Forgetter implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly feed: ChangeFeed<VmState>;
  private readonly cut;
  private readonly sweeping: Recurring;

  constructor(private readonly store: Store, private readonly log: Log, metrics: Metrics, @Inject(CONFIG) private readonly config: Settings) {
    this.feed = new ChangeFeed<VmState>(store);
    this.cut = metrics.counter('vmdns_forgotten_total', 'Rows cut because their retention has passed, by what they were', ['what']);
    this.sweeping = new Recurring({ store, log, everyMs: EVERY_MS, what: 'forgetting what is long gone', work: async () => void await this.sweep() });
  }

  onApplicationBootstrap(): void {
    this.sweeping.start();
  }

  onApplicationShutdown(): void {
    this.sweeping.stop();
  }

  async sweep(): Promise<Cut> {
    const { CHANGE_RETENTION_DAYS: days } = this.config;
    const vms = await inPages(() => this.forgetVms());
    const changes = await inPages(() => this.feed.compact({ days, newestBy: ['life', 'revision'] }));
    const done: Cut = { vms, changes, days: await this.feed.dropEmptyDays(days) };
    this.cut.inc({ what: 'vm' }, vms);
    this.cut.inc({ what: 'change' }, changes);
    if (vms + changes + done.days > 0) this.log.info({ ...done }, 'what is long gone was forgotten');
    return done;
  }

  /** The VM, all that was said of it, and its numbers into the floor above which its id begins anew, in one transaction. */
  private async forgetVms(): Promise<{ cut: number; more: boolean }> {
    return this.store.transaction(async (tx) => {
      const gone = await takeGone(tx, this.config.GONE_RETENTION_DAYS);
      if (gone.length === 0) return { cut: 0, more: false };
      await tx.query('update forgotten set life = greatest(life, $1), revision = greatest(revision, $2)', [Math.max(...gone.map((vm) => vm.life)), Math.max(...gone.map((vm) => vm.revision))]);
      await this.feed.forget(tx, gone.map((vm) => vm.vm_id));
      return { cut: gone.length, more: gone.length === PAGE_VMS };
    });
  }
}

/** A VM that somebody writes at this moment is left for the next round. */
async function takeGone(tx: Tx, days: number): Promise<readonly { vm_id: string; life: number; revision: number }[]> {
  return tx.query(
    `delete from vm using (
       select vm_id from vm where deleted_at < clock_timestamp() - make_interval(days => $1) and hold_id is null order by deleted_at limit $2 for update skip locked) gone
      where vm.vm_id = gone.vm_id returning vm.vm_id, vm.life, vm.revision`, [days, PAGE_VMS]);
}

async function inPages(page: () => Promise<{ readonly cut: number; readonly more: boolean }>): Promise<number> {
  let total = 0;
  for (let at = 0; at < PAGES_MAX; at += 1) {
    const { cut, more } = await page();
    total += cut;
    if (!more) break;
  }
  return total;
}
