import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Bus } from '@vmdns/bus';
import { CONFIG, Log } from '@vmdns/chassis';
import { Store, type Tx } from '@vmdns/store';
import { Config } from '../config.js';
import type { NameRow } from '../planning/name.repository.js';
import { Commands, issueOfRow, type Issue } from './commands.js';

/** Names issued again by one statement, per zone: a silent zone takes nothing from another (L8). */
const NAMES_PER_ZONE = 500;

type DueRow = NameRow & { readonly apex: string; readonly provider: string; readonly connection_id: string };

/**
 * Issues again what was never heard of (PROTOCOL §3): after 5 s, doubling to 10 minutes; at once when the command
 * stream was wiped. Finds it by the index of unsettled names: idle cost is one probe per zone.
 */
@Injectable()
export class Reissue implements OnApplicationBootstrap, OnApplicationShutdown {
  private stops: readonly (() => void)[] = [];
  /** What this process knows of the command stream since it last looked. */
  private streamIs: 'known' | 'doubtful' | 'reborn' = 'doubtful';

  constructor(private readonly store: Store, private readonly bus: Bus, private readonly commands: Commands, private readonly log: Log, @Inject(CONFIG) private readonly config: Config) {}

  onApplicationBootstrap(): void {
    this.stops = [
      this.bus.onStreamReborn('COMMAND', (created) => {
        this.log.warn({ stream: 'COMMAND', created }, 'the command stream was wiped: what was never heard is issued again');
        this.streamIs = 'reborn';
      }),
      // A planner that was away meanwhile sees it by what it wrote down.
      this.bus.onReady(() => { if (this.streamIs === 'known') this.streamIs = 'doubtful'; }),
    ];
  }

  onApplicationShutdown(): void {
    for (const stop of this.stops) stop();
  }

  /** Whether the commands went into another stream than the one there is; and again until it is known. */
  private async lookAtStream(): Promise<void> {
    const was = this.streamIs;
    if (was === 'known' || !this.bus.connected) return;
    this.streamIs = 'known';
    try {
      const created = await this.bus.streamCreated('COMMAND');
      await this.store.transaction(async (tx) => {
        const known = await tx.query<{ created: string }>(`select created from stream_seen where stream = 'COMMAND' for update`);
        if (was !== 'reborn' && known[0]?.created === created) return;
        await tx.query(`insert into stream_seen (stream, created) values ('COMMAND', $1) on conflict (stream) do update set created = excluded.created`, [created]);
        if (known.length > 0) await makeUnheardDue(tx);
      });
    } catch (error) {
      this.streamIs = was;
      throw error;
    }
  }

  /** Everything due, page by page. Not while the bus is away: it would only count attempts. */
  async sweep(): Promise<number> {
    await this.lookAtStream();
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

  private async takeDue(tx: Tx): Promise<Issue[]> {
    const rows = await tx.query<DueRow>(
      `select d.zone_id, d.owner_name, d.timeline, d.generation, d.digest, d.desired, d.priority, d.vms, d.hands, z.apex, z.provider, z.connection_id
         from zone z cross join lateral (
           select * from name where zone_id = z.id and settled_generation < generation and issue_at <= clock_timestamp()
             order by issue_at limit $1 for update skip locked) d
        where z.state <> 'removed'`, [NAMES_PER_ZONE]);
    if (rows.length === 0) return [];
    await tx.query(
      `update name n set issue_attempts = n.issue_attempts + 1,
              issue_at = clock_timestamp() + least($2 * power(2, least(n.issue_attempts + 1, 20)), $3) * interval '1 millisecond'
         from jsonb_to_recordset($1::jsonb) as d(zone_id text, owner_name text) where n.zone_id = d.zone_id and n.owner_name = d.owner_name`,
      [JSON.stringify(rows.map((row) => ({ zone_id: row.zone_id, owner_name: row.owner_name }))), this.config.REISSUE_FIRST_MS, this.config.REISSUE_MAX_MS]);
    return rows.map((row) => issueOfRow(row, row));
  }
}

/** All that is unheard is due at once: reads the index of what is open, which is all that may be lost. */
async function makeUnheardDue(tx: Tx): Promise<void> {
  await tx.query(
    `update name set issue_at = clock_timestamp(), issue_attempts = 0
      where ctid = any (array(select ctid from name where settled_generation < generation and issue_at < 'infinity' for update skip locked))`);
}
