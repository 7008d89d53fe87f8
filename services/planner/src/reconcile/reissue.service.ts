import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Bus } from '@vmdns/bus';
import { CONFIG, Log } from '@vmdns/chassis';
import { Store, type Tx } from '@vmdns/store';
import { Config } from '../config.js';
import type { NameRow } from '../planning/name.repository.js';
import { Commands, type Issue } from './commands.js';
import { issueOfRow } from './settler.service.js';

/** Names issued again by one statement, per zone: a silent zone takes nothing from another (L8). */
const NAMES_PER_ZONE = 500;

type DueRow = NameRow & { readonly apex: string; readonly provider: string; readonly connection_id: string };

/**
 * Issues again what was never heard of (PROTOCOL §3): after 5 s, doubling to 10 minutes; at once when the command
 * stream was wiped. Finds it by the index of unsettled names: idle cost is one probe per zone.
 */
@Injectable()
export class Reissue implements OnApplicationBootstrap, OnApplicationShutdown {
  private stop: () => void = () => undefined;

  constructor(private readonly store: Store, private readonly bus: Bus, private readonly commands: Commands, private readonly log: Log, @Inject(CONFIG) private readonly config: Config) {}

  onApplicationBootstrap(): void {
    this.stop = this.bus.onStreamReborn('COMMAND', (created) => {
      this.log.warn({ stream: 'COMMAND', created }, 'the command stream was wiped: what was never heard is issued again');
      this.issueUnheardNow().catch((err: unknown) => this.log.warn({ err }, 'issuing again has to wait'));
    });
  }

  onApplicationShutdown(): void {
    this.stop();
  }

  /** Everything due, page by page. Not while the bus is away: it would only count attempts. */
  async sweep(): Promise<number> {
    let total = 0;
    for (let page = 0; page < 1000 && this.bus.connected; page += 1) {
      const issues = await this.store.transaction((tx) => this.takeDue(tx));
      this.commands.issue(issues);
      total += issues.length;
      if (issues.length === 0) break;
    }
    if (total > 0) this.log.info({ names: total }, 'names issued again');
    return total;
  }

  /** All that is unheard is due at once. */
  async issueUnheardNow(): Promise<void> {
    await this.store.query(
      `update name n set issue_at = clock_timestamp(), issue_attempts = 0
         from (select u.zone_id, u.owner_name from zone z cross join lateral (
                 select zone_id, owner_name from name where zone_id = z.id and settled_generation < generation and issue_at < 'infinity'
                   for update skip locked) u where z.state <> 'removed') u
        where n.zone_id = u.zone_id and n.owner_name = u.owner_name`);
    await this.sweep();
  }

  private async takeDue(tx: Tx): Promise<Issue[]> {
    const rows = await tx.query<DueRow>(
      `with due as (
         select d.zone_id, d.owner_name, z.apex, z.provider, z.connection_id from zone z cross join lateral (
           select zone_id, owner_name from name where zone_id = z.id and settled_generation < generation and issue_at <= clock_timestamp()
             order by issue_at limit $3 for update skip locked) d
          where z.state <> 'removed')
       update name n set issue_attempts = n.issue_attempts + 1,
              issue_at = clock_timestamp() + least($1 * power(2, least(n.issue_attempts + 1, 20)), $2) * interval '1 millisecond'
         from due d where n.zone_id = d.zone_id and n.owner_name = d.owner_name
       returning n.zone_id, n.owner_name, n.timeline, n.generation, n.digest, n.desired, n.priority, n.vms, d.apex, d.provider, d.connection_id`,
      [this.config.REISSUE_FIRST_MS, this.config.REISSUE_MAX_MS, NAMES_PER_ZONE]);
    return rows.map((row) => issueOfRow(row, row));
  }
}
