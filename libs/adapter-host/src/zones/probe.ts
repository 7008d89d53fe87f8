import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { RrsetBody } from '@vmdns/contracts';
import { desiredDigest } from '@vmdns/domain';
import type { TestStep } from '@vmdns/provider-kit';
import type { Store } from '@vmdns/store';
import { incomingOf } from '../commands/incoming.js';
import { storeNames } from '../commands/name-table.js';
import { reasonOf } from '../results/outcome.js';

type Verdict = Omit<TestStep, 'step' | 'tookMs'>;

/** No underscore: name servers that check host names would refuse the whole zone for an address at such a name. And no A record: HestiaCP keeps a zone's last one. */
const PREFIX = 'vmdns-probe-';
const ANSWERED_WITHIN_MS = 12_000;

interface Probed { readonly state: string; readonly reason: string | null; readonly wrote: boolean }

/** A record that is written, read back, asked over DNS and removed, all through the zone's lane, like every other. */
export class Probe {
  readonly name: string;

  constructor(private readonly store: Store, private readonly wake: () => void, private readonly zone: { readonly zoneId: string; readonly target: string; readonly apex: string; readonly ttlSeconds: number }) {
    this.name = `${PREFIX}${randomBytes(5).toString('hex')}.${zone.apex}`;
  }

  /** Null where the zone can be written now; else why no probe is made. */
  async obstacle(): Promise<string | null> {
    const [lane] = await this.store.query<{ paused: boolean; observe: boolean; removed: boolean; held: string | null }>('select paused, observe, removed, held from lane where target = $1', [this.zone.target]);
    if (lane === undefined || lane.removed || lane.held !== null) return 'the zone cannot be reached as it is';
    return lane.observe ? 'the zone is only observed' : lane.paused ? 'writing is paused' : null;
  }

  async write(): Promise<Verdict> {
    await this.sweep();
    const isReverse = this.zone.apex.endsWith('.arpa.');
    const rrset: RrsetBody = isReverse ? { type: 'PTR', ttl: this.zone.ttlSeconds, values: ['vmdns-probe.invalid.'] } : { type: 'AAAA', ttl: this.zone.ttlSeconds, values: ['2001:db8::1'] };
    return this.judge(await this.command(1, [rrset]), `${this.name} was written, read back, and answered where its name server is known.`);
  }

  async remove(): Promise<Verdict> {
    const removed = await this.command(2, []);
    if (removed?.state === 'applied') await this.store.query(`delete from name where target = $1 and owner_name = $2 and owned = '{}'`, [this.zone.target, this.name]);
    return this.judge(removed, `${this.name} was removed again.`);
  }

  /** What an earlier probe of this zone left behind when its process died. */
  private async sweep(): Promise<void> {
    await this.store.query(
      `with left_over as (
         update name set generation = generation + 1, wanted = '[]', puts = '[]', digest = $3, state = 'pending', due_at = clock_timestamp()
         where target = $1 and owner_name like $2 and wanted <> '[]' and outcome_at < clock_timestamp() - interval '5 minutes' returning 1)
       update lane set due_at = least(due_at, clock_timestamp()) where target = $1 and exists (select 1 from left_over)`,
      [this.zone.target, `${PREFIX}%`, desiredDigest([])]);
  }

  private async command(generation: number, rrsets: RrsetBody[]): Promise<Probed | undefined> {
    await this.store.transaction(async (tx) => {
      await tx.query('select 1 from lane where target = $1 for update', [this.zone.target]);
      const [host] = await tx.query<{ timeline: number }>('select greatest(timeline, 1) as timeline from host');
      const incoming = incomingOf(this.zone.zoneId, { name: this.name, timeline: host?.timeline ?? 1, generation, digest: desiredDigest(rrsets), rrsets, priority: 1, vms: [] });
      await storeNames(tx, [{ target: this.zone.target, incoming, gate: null }]);
    });
    this.wake();
    const until = performance.now() + ANSWERED_WITHIN_MS;
    for (;;) {
      const [row] = await this.store.query<Probed>('select state, reason, wrote from name where target = $1 and owner_name = $2', [this.zone.target, this.name]);
      if (row === undefined || row.state === 'applied' || row.state === 'refused' || performance.now() > until) return row;
      await delay(50);
    }
  }

  private judge(probed: Probed | undefined, done: string): Verdict {
    if (probed?.state === 'applied') return { ok: true, text: done };
    const reason = probed?.reason === null || probed?.reason === undefined ? undefined : reasonOf(probed.reason);
    const state = probed?.state ?? 'gone';
    return { ok: false, text: reason === undefined ? `${this.name} is still ${state} after ${ANSWERED_WITHIN_MS / 1000} s.` : reason.text, hint: reason?.hint ?? 'vmdns goes on by itself; if the record stays, remove it at the provider.' };
  }
}
