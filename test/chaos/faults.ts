import type { Dice } from './dice.js';
import { type CallMatch, type FaultRule, type PowerdnsServer } from '@vmdns/test/support';
import type { Gate } from './gate.js';
import type { Trouble } from './trouble.js';
import type { ProviderSite, Replica, World } from './world.js';

/** What a fault needs, and how long it lasts at least and at most. */
interface Fault {
  /** How often, among the others. */
  readonly weight: number;
  readonly lastsMs: readonly [number, number];
  /** Only one fault at a time is at one target. */
  target(dice: Dice): string;
  /** Begins it; what it gives ends it. */
  begin(target: string, dice: Dice): Promise<() => Promise<void> | void>;
}

const END_TRIES = 5;
/** What a standby lacks. */
const LOST_MS = 4_000;

/** All that can go wrong, by name: each begins, lasts, and ends by itself. */
export class Faults {
  readonly counts = new Map<string, number>();
  /** When adapters were dead or asleep: a call that was sent before may then meet another's. */
  readonly absences: { from: number; until: number }[] = [];
  private readonly busy = new Set<string>();
  private readonly kinds: Readonly<Record<string, Fault>>;

  constructor(private readonly world: World, private readonly dice: Dice, private readonly trouble: Trouble, private readonly gate: Gate) {
    this.kinds = { ...this.ofServices(), ...this.ofServers(), ...this.ofProviders() };
  }

  /** One fault after the other, until told to end; several of these run beside each other. */
  async rage(lane: number, signal: AbortSignal): Promise<void> {
    const dice = this.dice.of(`lane ${lane}`);
    const weights = Object.fromEntries(Object.entries(this.kinds).map(([kind, { weight }]) => [kind, weight]));
    while (!signal.aborted) {
      await this.trouble.pause(dice.between(200, 1_500), signal);
      const kind = dice.weighted(weights);
      const fault = this.kinds[kind];
      const target = fault?.target(dice) ?? '';
      if (signal.aborted || fault === undefined || this.busy.has(target)) continue;
      this.busy.add(target);
      try {
        await this.gate.enter(async () => {
          if (signal.aborted) return;
          this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
          const end = await fault.begin(target, dice);
          await this.trouble.pause(dice.between(...fault.lastsMs), signal);
          await this.ended(kind, end);
        });
      } finally {
        this.busy.delete(target);
      }
    }
  }

  /** In the middle of all, and once: a standby takes over that lacks what was stored last. Nothing else goes wrong meanwhile. */
  async failOver(afterMs: number, signal: AbortSignal): Promise<void> {
    await this.trouble.pause(afterMs, signal);
    if (signal.aborted) return;
    await this.gate.alone(async () => {
      await this.world.failOver(LOST_MS);
      this.counts.set('PostgreSQL failed over', 1);
    });
  }

  /** On a busy machine a server may not come back at the first try. */
  private async ended(kind: string, end: () => Promise<void> | void): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await end();
        return;
      } catch (error) {
        if (tries === END_TRIES) throw new Error(`ending "${kind}"`, { cause: error });
        await this.trouble.pause(1_000);
      }
    }
  }

  private ofServices(): Readonly<Record<string, Fault>> {
    const replica = (target: string): Replica => {
      const found = this.world.replicas.find(({ process }) => process.instance === target);
      if (found === undefined) throw new Error(`${target} does not run`);
      return found;
    };
    const target = (dice: Dice): string => dice.pick(this.world.replicas).process.instance;
    const away = (name: string): () => void => {
      if (!name.startsWith('adapter-')) return () => undefined;
      const absence = { from: Date.now(), until: Infinity };
      this.absences.push(absence);
      return () => { absence.until = Date.now(); };
    };
    const proxied = (of: 'bus' | 'store', begin: (replica: Replica['bus']) => () => void) => async (name: string) => begin(replica(name)[of]);
    return {
      'service killed': {
        weight: 8, lastsMs: [300, 4_000], target,
        begin: async (name) => { const back = away(name); await replica(name).process.kill(); return () => { replica(name).process.relaunch(); back(); }; },
      },
      'service ended and started': { weight: 3, lastsMs: [100, 1_000], target, begin: async (name) => { const back = away(name); await replica(name).process.stop(); return () => { replica(name).process.relaunch(); back(); }; } },
      'service asleep': { weight: 6, lastsMs: [500, 4_000], target, begin: async (name) => { const back = away(name); replica(name).process.freeze(); return () => { replica(name).process.thaw(); back(); }; } },
      'adapter asleep beyond its lease': {
        weight: 4, lastsMs: [6_000, 12_000], target: (dice) => dice.pick(this.world.replicas.filter(({ process }) => process.name.startsWith('adapter-'))).process.instance,
        begin: async (name) => { const back = away(name); replica(name).process.freeze(); return () => { replica(name).process.thaw(); back(); }; },
      },
      'service cut from NATS': { weight: 3, lastsMs: [500, 5_000], target, begin: proxied('bus', (bus) => { bus.refuse(); return () => bus.accept(); }) },
      'service hears nothing from NATS': { weight: 3, lastsMs: [500, 5_000], target, begin: async (name, dice) => { const way = dice.pick(['up', 'down', 'both'] as const); replica(name).bus.pause(way); return () => replica(name).bus.resume(way); } },
      'service cut from PostgreSQL': { weight: 3, lastsMs: [500, 5_000], target, begin: proxied('store', (store) => { store.refuse(); return () => store.accept(); }) },
      'service hears nothing from PostgreSQL': { weight: 2, lastsMs: [500, 5_000], target, begin: async (name, dice) => { const way = dice.pick(['up', 'down', 'both'] as const); replica(name).store.pause(way); return () => replica(name).store.resume(way); } },
    };
  }

  private ofServers(): Readonly<Record<string, Fault>> {
    const { world } = this;
    const { nats } = world.stack;
    const [bus, store] = [() => 'NATS', () => 'PostgreSQL'];
    return {
      'NATS killed': { weight: 2, lastsMs: [300, 3_000], target: bus, begin: async () => { await nats.kill(); return () => nats.restart(); } },
      'NATS wiped': { weight: 2, lastsMs: [300, 1_000], target: bus, begin: async () => { await nats.kill(); return () => nats.wipe(); } },
      'NATS asleep': { weight: 2, lastsMs: [500, 4_000], target: bus, begin: async () => { nats.freeze(); return () => nats.thaw(); } },
      'PostgreSQL killed': { weight: 1, lastsMs: [300, 2_000], target: store, begin: async () => { const { postgres } = world; await postgres.kill(); return () => postgres.restart(); } },
      // Who cuts may find PostgreSQL too busy to take one more.
      'PostgreSQL connections cut': { weight: 3, lastsMs: [100, 500], target: store, begin: async () => { await world.database.cutConnections().catch(() => undefined); return () => undefined; } },
    };
  }

  private ofProviders(): Readonly<Record<string, Fault>> {
    const target = (dice: Dice): string => `provider ${dice.between(0, this.world.sites.length - 1)}`;
    const real = (dice: Dice): string => `provider ${dice.pick([...this.world.sites.keys()].filter((at) => this.world.sites[at]?.server !== undefined))}`;
    const site = (name: string): ProviderSite => this.world.site(Number(name.split(' ')[1]));
    const server = (name: string): PowerdnsServer => site(name).server ?? this.world.stack.powerdns;
    const some = (share: number, dice: Dice, match: CallMatch): CallMatch => (call) => match(call) && dice.chance(share);
    const ruled = (begin: (site: ProviderSite, dice: Dice) => FaultRule) => async (name: string, dice: Dice) => {
      const rule = begin(site(name), dice);
      return () => rule.remove();
    };
    const lastsMs = [500, 4_000] as const;
    return {
      'provider away': { weight: 3, lastsMs, target, begin: ruled(({ proxy }) => proxy.down()) },
      'provider slow': { weight: 3, lastsMs, target, begin: ruled(({ proxy }, dice) => proxy.delay(some(0.5, dice, () => true), dice.between(100, 2_500))) },
      'provider asleep': { weight: 2, lastsMs: [500, 3_000], target: real, begin: async (name) => { server(name).freeze(); return () => server(name).thaw(); } },
      'provider killed': { weight: 2, lastsMs: [300, 2_000], target: real, begin: async (name) => { await server(name).kill(); return () => server(name).restart(); } },
      'applied, then no answer': { weight: 4, lastsMs, target, begin: ruled(({ proxy, isChange }, dice) => proxy.dropAfter(some(0.5, dice, isChange))) },
      'not applied, no answer': { weight: 2, lastsMs, target, begin: ruled(({ proxy }, dice) => proxy.dropBefore(some(0.5, dice, () => true))) },
      'half an answer': { weight: 2, lastsMs, target, begin: ruled(({ proxy }, dice) => proxy.cut(some(0.5, dice, () => true))) },
      'applied, answered 5xx': { weight: 2, lastsMs, target, begin: ruled(({ proxy, isChange, lies }, dice) => proxy.falsify(some(0.5, dice, isChange), lies.brokenAfter)) },
      'applied twice': { weight: 2, lastsMs, target, begin: ruled(({ proxy, isChange }, dice) => proxy.duplicate(some(0.5, dice, isChange))) },
      'throttled': { weight: 2, lastsMs, target, begin: ruled(({ proxy, lies }, dice) => proxy.answer(some(0.7, dice, () => true), lies.throttled)) },
      'unauthorised': { weight: 1, lastsMs: [300, 2_000], target, begin: ruled(({ proxy, lies }) => proxy.answer(() => true, lies.unauthorised)) },
      'a lie about what was not done': { weight: 2, lastsMs, target, begin: ruled(({ proxy, isChange, lies }, dice) => proxy.answer(some(0.5, dice, isChange), lies.notDone)) },
      'nonsense listed': { weight: 2, lastsMs, target, begin: ruled(({ proxy, isChange, lies }, dice) => proxy.falsify(some(0.5, dice, (call) => !isChange(call)), dice.pick(lies.listed))) },
    };
  }
}
