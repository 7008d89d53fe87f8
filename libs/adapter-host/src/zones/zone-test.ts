import { performance } from 'node:perf_hooks';
import { RpcProblem } from '@vmdns/bus';
import type { adapterRpc, TestStep, ZoneTest } from '@vmdns/contracts';
import type { Store } from '@vmdns/store';
import type { z } from 'zod';
import type { TestStep as PortStep } from '@vmdns/provider-kit';
import type { Host } from '../host.js';
import type { Connections, SealedConnection } from './connections.js';
import type { ConnectionRow, ZoneRow } from './resolve.js';
import { findConnections } from './zone-tables.js';

export type ZoneTestAsk = z.output<(typeof adapterRpc)['zone-test']['ask']>;

const TEST_MS = 20_000;

/** Tries a zone from end to end, saved or not, and says what to mend; secrets are opened in memory only. */
export class ZoneTester {
  constructor(private readonly host: Host, private readonly store: Store, private readonly connections: Connections) {}

  async test(ask: ZoneTestAsk): Promise<ZoneTest> {
    const zone = ask.zoneId === undefined ? undefined : await this.findZone(ask.zoneId);
    const apex = ask.apex ?? zone?.apex;
    if (apex === undefined) throw new RpcProblem({ status: 400, code: 'bad-input', title: 'which zone?', faults: [{ path: 'apex', message: 'give zoneId or apex' }] });
    const given = ask.connection ?? (await this.findConnection(ask.connectionId ?? zone?.connection_id));
    const opened = await this.connections.openSealed(given);
    if (!opened.ok) return failed('connection', opened.reason.text, opened.reason.hint);
    const settings = this.connections.parseZone(ask.settings ?? zone?.settings ?? {});
    if (!settings.ok) return failed('settings', settings.reason.text, settings.reason.hint);
    return this.run(opened.connection, apex, settings.zone, zone === undefined ? undefined : await this.needed(zone.target));
  }

  private async run(connection: unknown, apex: string, settings: unknown, needed: number | undefined): Promise<ZoneTest> {
    const began = performance.now();
    const steps: TestStep[] = [];
    try {
      const budget = this.connections.budgetOf(connection, { target: null, isBulk: false });
      for await (const step of this.host.definition.testZone(connection, apex, settings, AbortSignal.timeout(TEST_MS), budget)) steps.push(toldStep(step, needed));
    } catch {
      // The port promises not to throw; its words might hold what they should not (L10).
      steps.push({ step: 'test', ok: false, warning: false, text: 'the test broke off', tookMs: performance.now() - began });
    }
    return { ok: steps.length > 0 && steps.every((step) => step.ok), steps };
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
function toldStep({ room, ...step }: PortStep, needed: number | undefined): TestStep {
  if (room === undefined || needed === undefined) return { warning: false, ...step };
  const over = room.used + needed - room.limit;
  const text = `${step.text} vmdns has ${needed} more to write here${over > 0 ? `, ${Math.min(over, needed)} of which do not fit` : ''}.`;
  if (over <= 0) return { warning: false, ...step, text };
  return { ...step, warning: true, text, hint: step.hint ?? 'Raise the limit at the provider, or remove records; what does not fit waits with reason zone-full.' };
}

const failed = (step: string, text: string, hint: string | undefined): ZoneTest => ({ ok: false, steps: [{ step, ok: false, warning: false, text, ...(hint === undefined ? {} : { hint }), tookMs: 0 }] });
