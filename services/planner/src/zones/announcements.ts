import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Bus } from '@vmdns/bus';
import { Clock, Log } from '@vmdns/chassis';
import { AnnouncementEvent, subjects, type Announcement } from '@vmdns/contracts';
import { Store } from '@vmdns/store';
import { enqueue } from '../planning/job.repository.js';

/** Which adapters are there, learnt from what they announce every 5 s; nowhere else is a list of providers. */
@Injectable()
export class Announcements implements OnApplicationBootstrap, OnApplicationShutdown {
  private stop: () => void = () => undefined;

  constructor(private readonly store: Store, private readonly bus: Bus, private readonly clock: Clock, private readonly log: Log) {}

  onApplicationBootstrap(): void {
    this.stop = this.bus.subscribe(subjects.announce.all, (body) => {
      const parsed = AnnouncementEvent.safeParse(body);
      if (!parsed.success) { this.log.warn({ faults: parsed.error.issues.map((issue) => issue.path.join('.')) }, 'an announcement could not be read'); return; }
      this.take(parsed.data.data).catch((err: unknown) => this.log.warn({ err, provider: parsed.data.data.provider }, 'an announcement was not stored'));
    });
  }

  onApplicationShutdown(): void {
    this.stop();
  }

  /** A new era means that the adapter's store is new: what is unsettled there is issued again at once (PROTOCOL §3). */
  async take(announcement: Announcement): Promise<void> {
    const seenAt = this.clock.now();
    const body = JSON.stringify(announcement);
    await this.store.transaction(async (tx) => {
      const same = await tx.query('update provider set announcement = $3, seen_at = $4 where name = $1 and era = $2 returning 1', [announcement.provider, announcement.era, body, seenAt]);
      if (same.length > 0) return;
      const known = await tx.query('select 1 from provider where name = $1 for update', [announcement.provider]);
      await tx.query(`insert into provider (name, era, announcement, seen_at) values ($1, $2, $3, $4)
        on conflict (name) do update set era = excluded.era, announcement = excluded.announcement, seen_at = excluded.seen_at`, [announcement.provider, announcement.era, body, seenAt]);
      if (known.length > 0) await enqueue(tx, { kind: 'unsettled', provider: announcement.provider });
      this.log.info({ provider: announcement.provider, era: announcement.era }, 'an adapter announced a new era');
    });
  }

  async list(): Promise<(Announcement & { seenAt: string })[]> {
    const rows = await this.store.query<{ announcement: Announcement; seen_at: Date }>('select announcement, seen_at from provider order by name');
    return rows.map((row) => ({ ...row.announcement, seenAt: row.seen_at.toISOString() }));
  }
}
