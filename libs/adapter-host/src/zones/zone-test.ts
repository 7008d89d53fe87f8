import { performance } from 'node:perf_hooks';
import { RpcProblem } from '@vmdns/bus';
import type { adapterRpc, TestStep, ZoneTest } from '@vmdns/contracts';
import type { Store } from '@vmdns/store';
import type { z } from 'zod';
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
    return this.run(opened.connection, apex, settings.zone);
  }

  private async run(connection: unknown, apex: string, settings: unknown): Promise<ZoneTest> {
    const began = performance.now();
    const steps: TestStep[] = [];
    try {
      const budget = this.connections.budgetOf(connection, { target: null, isBulk: false });
      for await (const step of this.host.definition.testZone(connection, apex, settings, AbortSignal.timeout(TEST_MS), budget)) steps.push({ warning: false, ...step });
    } catch {
      // The port promises not to throw; its words might hold what they should not (L10).
      steps.push({ step: 'test', ok: false, warning: false, text: 'the test broke off', tookMs: performance.now() - began });
    }
    return { ok: steps.length > 0 && steps.every((step) => step.ok), steps };
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

const failed = (step: string, text: string, hint: string | undefined): ZoneTest => ({ ok: false, steps: [{ step, ok: false, warning: false, text, ...(hint === undefined ? {} : { hint }), tookMs: 0 }] });
