import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Bus } from '@vmdns/bus';
import { Health, Log } from '@vmdns/chassis';
import { streams, VmStateEvent, type VmState } from '@vmdns/contracts';
import { isLost, restoredVm } from '@vmdns/domain';
import { Store, Timeline, type Tx } from '@vmdns/store';
import { VmDraft } from './batch-decision.js';
import { DraftWriter, type Written } from './draft.writer.js';
import { LostDeeds } from '../holds/lost-deeds.js';
import { RacedInsert, VmTable } from './vm.table.js';

/** A failover loses seconds; this is what cursors go back too (PROTOCOL §1). */
const SPAN_MS = 3_600_000;
const READY_MS = 5_000;
const RACES_MAX = 10;

/** What it listens to and tells. */
@Injectable()
export class ReadBackWorld {
  constructor(readonly timeline: Timeline, readonly log: Log, readonly deeds: LostDeeds, health: Health) {
    health.add('timeline', () => timeline.isTold || 'what PostgreSQL may have lost is being read back');
  }
}

/**
 * After a raise of the timeline: versions above our own that the event stream still holds were accepted, said, and lost
 * with PostgreSQL's last seconds. They are taken in as they were, before any new fact.
 */
@Injectable()
export class ReadBack implements OnApplicationBootstrap, OnApplicationShutdown {
  private stop: () => void = () => undefined;

  constructor(private readonly store: Store, private readonly bus: Bus, private readonly vms: VmTable, private readonly writer: DraftWriter, private readonly world: ReadBackWorld) {}

  onApplicationBootstrap(): void {
    this.stop = this.world.timeline.onRaise((timeline) => this.read(timeline));
  }

  onApplicationShutdown(): void {
    this.stop();
  }

  /** Throws while the bus is away; then it is tried again, and facts wait. */
  async read(timeline: number): Promise<void> {
    await this.bus.whenReady(READY_MS);
    await this.bus.whenPosted(READY_MS);
    let restored = 0;
    for await (const page of this.bus.readBack(streams.EVENT.name, SPAN_MS)) {
      const states = page.flatMap(({ body }) => { const event = VmStateEvent.safeParse(body); return event.success ? [event.data.data] : []; });
      restored += await this.takeIn(newestOf(states));
    }
    const deeds = await this.world.deeds.take(timeline);
    this.world.log.warn({ timeline, restored, deeds }, 'the timeline was raised; VMs whose last facts were lost are as the event stream tells them');
  }

  private async takeIn(states: readonly VmState[]): Promise<number> {
    if (states.length === 0) return 0;
    for (let race = 1; ; race += 1) {
      try {
        const written = await this.store.transaction((tx) => this.restore(tx, states));
        this.writer.say(written);
        return written.revisions.length;
      } catch (error) {
        if (!(error instanceof RacedInsert) || race === RACES_MAX) throw error;
      }
    }
  }

  private async restore(tx: Tx, states: readonly VmState[]): Promise<Written> {
    const vmIds = states.map((state) => state.vmId).sort();
    await this.vms.lock(tx, vmIds);
    const before = await this.vms.read(tx, vmIds);
    await this.vms.passClaims(tx, Math.max(...states.flatMap(({ nameClaim, addresses }) => [nameClaim ?? 0, ...addresses.map((address) => address.claim)]), 0));
    const drafts = states.flatMap((state) => {
      const vm = before.get(state.vmId) ?? { known: null, waiting: null };
      if (!isLost(state, vm.known)) return [];
      const draft = new VmDraft(state.vmId, vm);
      draft.known = restoredVm(vm.known, state);
      draft.waiting = null;
      draft.revisions.push({ state: { ...draft.known, fact: state }, traceparent: undefined });
      return [draft];
    });
    return this.writer.restore(tx, drafts);
  }
}

/** One state of each VM: of the newest life the highest revision. */
function newestOf(states: readonly VmState[]): readonly VmState[] {
  const newest = new Map<string, VmState>();
  for (const state of states) {
    const known = newest.get(state.vmId);
    if (known === undefined || state.life > known.life || (state.life === known.life && state.revision > known.revision)) newest.set(state.vmId, state);
  }
  return [...newest.values()];
}
