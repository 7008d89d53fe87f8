import { performance } from 'node:perf_hooks';
import { RpcProblem } from '@vmdns/bus';
import type { adapterRpc, TestStep, ZoneTest } from '@vmdns/contracts';
import { type DnsServer, ProviderError, type TestStep as Step } from '@vmdns/provider-kit';
import type { Store } from '@vmdns/store';
import type { z } from 'zod';
import type { Host } from '../host.js';
import type { Connections, SealedConnection } from './connections.js';
import { judgeNameServers, nameServersOf, testDelegation } from './delegation.js';
import { Probe } from './probe.js';
import type { ConnectionRow, ZoneRow } from './resolve.js';
import { findConnections } from './zone-tables.js';

export type ZoneTestAsk = z.output<(typeof adapterRpc)['zone-test']['ask']>;

const TEST_MS = 25_000;

/** What testing needs beside the tables. */
export interface TestMeans {
  /** Says a step to whoever watches. */
  readonly tell: (subject: string, step: TestStep) => void;
  /** Lanes have something to do. */
  readonly wake: () => void;
  /** Asked who serves a zone. */
  readonly resolver: DnsServer | undefined;
}

/** Where the gateway listens for the steps of one test; nobody else may publish there or listen. */
const WATCHED = /^_INBOX\.gateway\.progress\.[A-Za-z0-9]{8,64}$/;

/** Tries a zone from end to end, saved or not, and says what to mend; secrets are opened in memory only. */
export class ZoneTester {
  constructor(private readonly host: Host, private readonly store: Store, private readonly connections: Connections, private readonly means: TestMeans) {}

  async test(ask: ZoneTestAsk): Promise<ZoneTest> {
    const steps: TestStep[] = [];
    const { watch } = ask;
    for await (const step of this.steps(ask)) {
      const whole: TestStep = { warning: false, ...step };
      steps.push(whole);
      if (watch !== undefined && WATCHED.test(watch)) this.means.tell(watch, whole);
    }
    return { ok: steps.length > 0 && steps.every((step) => step.ok), steps };
  }

  private async *steps(ask: ZoneTestAsk): AsyncIterable<Step> {
    const zone = ask.zoneId === undefined ? undefined : await this.findZone(ask.zoneId);
    const apex = ask.apex ?? zone?.apex;
    if (apex === undefined) throw new RpcProblem({ status: 400, code: 'bad-input', title: 'which zone?', faults: [{ path: 'apex', message: 'give zoneId or apex' }] });
    const given = ask.connection ?? (await this.findConnection(ask.connectionId ?? zone?.connection_id));
    const opened = await this.connections.openSealed(given);
    if (!opened.ok) return yield failed('connection', opened.reason.text, opened.reason.hint);
    const settings = this.connections.parseZone(ask.settings ?? zone?.settings ?? {});
    if (!settings.ok) return yield failed('settings', settings.reason.text, settings.reason.hint);
    const signal = AbortSignal.timeout(TEST_MS);
    let isWell = true;
    let served: readonly string[] | undefined;
    for await (const step of this.providersOwn(opened.connection, apex, settings.zone, signal, zone === undefined ? undefined : await this.needed(zone.target))) {
      const { nameServers, ...told } = step;
      isWell &&= told.ok;
      served ??= nameServers;
      yield told;
    }
    if (!isWell) return;
    const port = this.host.definition.open(opened.connection, apex, settings.zone, this.connections.budgetOf(opened.connection, { target: null, isBulk: false }));
    let names: readonly string[] = [];
    yield await timed('name servers', async () => {
      names = served ?? await nameServersOf(port, apex, signal);
      return judgeNameServers(apex, names);
    });
    yield await timed('delegation', () => testDelegation(this.means.resolver, apex, names, signal));
    if (ask.probe) yield* this.probe(zone);
  }

  private async *providersOwn(connection: unknown, apex: string, settings: unknown, signal: AbortSignal, needed: number | undefined): AsyncIterable<Step> {
    const began = performance.now();
    try {
      const budget = this.connections.budgetOf(connection, { target: null, isBulk: false });
      for await (const step of this.host.definition.testZone(connection, apex, settings, signal, budget)) yield toldStep(step, needed);
    } catch {
      // The port promises not to throw; its words might hold what they should not (L10).
      yield { step: 'test', ok: false, text: 'the test broke off', tookMs: performance.now() - began };
    }
  }

  /** A record through the lane; what a zone that is not saved does not have. */
  private async *probe(zone: ZoneRow | undefined): AsyncIterable<Step> {
    const skipped = (why: string): Step => ({ step: 'probe', ok: true, warning: true, text: `No probe was written: ${why}.`, tookMs: 0 });
    if (zone === undefined) return yield skipped('the zone is not saved yet');
    const probe = new Probe(this.store, this.means.wake, { zoneId: zone.zone_id, target: zone.target, apex: zone.apex, ttlSeconds: Math.max(60, this.host.definition.capabilities.ttl.min) });
    const obstacle = await probe.obstacle();
    if (obstacle !== null) return yield skipped(obstacle);
    yield await timed('probe', () => probe.write());
    yield await timed('probe removed', () => probe.remove());
  }

  /** Records that are wanted at a target and not written there. */
  private async needed(target: string): Promise<number> {
    const [row] = await this.store.query<{ needed: number }>(
      `select coalesce(sum(jsonb_array_length(r.value -> 'values')), 0)::int as needed from name n cross join lateral jsonb_array_elements(n.wanted::jsonb) r
        where n.target = $1 and n.state <> 'applied' and not n.owned ? (r.value ->> 'type')`, [target]);
    return row?.needed ?? 0;
  }

  private async findZone(zoneId: string): Promise<ZoneRow> {
    const [zone] = await this.store.query<ZoneRow>('select * from zone where zone_id = $1 and revision > 0', [zoneId]);
    if (zone === undefined) throw new RpcProblem({ status: 404, code: 'not-found', title: 'this adapter does not know the zone (yet)' });
    return zone;
  }

  private async findConnection(connectionId: string | undefined): Promise<SealedConnection> {
    if (connectionId === undefined) throw new RpcProblem({ status: 400, code: 'bad-input', title: 'which connection?', faults: [{ path: 'connectionId', message: 'give a connection or the id of one' }] });
    const [row]: readonly ConnectionRow[] = await findConnections(this.store, [connectionId]);
    if (row === undefined || row.removed) throw new RpcProblem({ status: 404, code: 'not-found', title: 'this adapter does not know the connection (yet)' });
    return row;
  }
}

/** With what vmdns has still to write, where the step says how much room there is. */
function toldStep({ room, ...step }: Step, needed: number | undefined): Step {
  if (room === undefined || needed === undefined) return step;
  const over = room.used + needed - room.limit;
  const text = `${step.text} vmdns has ${needed} more to write here${over > 0 ? `, ${Math.min(over, needed)} of which do not fit` : ''}.`;
  if (over <= 0) return { ...step, text };
  return { ...step, warning: true, text, hint: step.hint ?? 'Raise the limit at the provider, or remove records; what does not fit waits with reason zone-full.' };
}

const failed = (step: string, text: string, hint: string | undefined): Step => ({ step, ok: false, text, ...(hint === undefined ? {} : { hint }), tookMs: 0 });

/** A step of ours, with its time; a provider's error is a verdict too. */
async function timed(step: string, look: () => Promise<Omit<Step, 'step' | 'tookMs'>>): Promise<Step> {
  const began = performance.now();
  const verdict = await look().catch((error: unknown): Omit<Step, 'step' | 'tookMs'> => ({ ok: false, text: error instanceof ProviderError ? error.message : 'the step broke off' }));
  return { step, ...verdict, tookMs: Math.round((performance.now() - began) * 10) / 10 };
}
