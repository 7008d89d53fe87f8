import { expect } from '@jest/globals';
import type { NewToken, Zone } from '@vmdns/contracts';
import { until, type Stack } from '../support/index.js';
import { accepted } from '../e2e/accepted.js';

const PATIENCE_MS = 60_000;
const SETTINGS = { ownDomains: ['own.walk.test'], brakes: { vmDeletions: { count: 1, share: 0, windowSeconds: 600 } } };
const LOST = { ...SETTINGS, ownDomains: ['lost.own.walk.test'], brakes: { vmDeletions: { count: 2, share: 0, windowSeconds: 900 } } };
const LIMITS = { domains: ['acme.walk.test.'], ranges: null };

interface Before { readonly panel: NewToken; readonly upstream: NewToken; readonly holdId: string; readonly pauseId: string }

/** What people decide in the seconds that PostgreSQL loses, and how it stands afterwards: part of walk (o). */
export class LostDecisions {
  private before: Before | undefined;
  private made: NewToken | undefined;
  private ended: Zone | undefined;
  private paused: Zone | undefined;

  constructor(private readonly stack: Stack) {}

  /** What the standby has. */
  async prepare(): Promise<void> {
    const { gateway } = this.stack;
    await gateway.putSettings(SETTINGS);
    const [panel, upstream] = [await this.newToken('panel'), await this.newToken('upstream')];
    expect((await gateway.as(panel.token).ask('PUT', '/v1/vms/of-panel', { body: { addresses: [] } })).status).toBe(202);
    this.paused = await this.stack.addZone('paused.walk.test');
    this.ended = await this.stack.addZone('ended.walk.test');
    const pause = await gateway.pause({ kind: 'zone', id: this.ended.id });
    const source = gateway.as(upstream.token);
    for (const vmId of ['up-1', 'up-2', 'up-3', 'up-4']) await source.putVm(vmId, { addresses: [] });
    await source.deleteVm('up-1');
    const held = await source.deleteVm('up-2');
    expect(held).toMatchObject({ reason: 'held' });
    this.before = { panel, upstream, holdId: held.holdId ?? '', pauseId: pause.id };
  }

  /** What it lacks. */
  async decide(): Promise<void> {
    const { gateway } = this.stack;
    const { panel, upstream, holdId, pauseId } = this.prepared;
    await gateway.putSettings(LOST);
    expect((await gateway.ask('PUT', '/v1/tenants/acme/limits', { body: LIMITS })).status).toBe(200);
    this.made = await this.newToken('made');
    expect((await gateway.ask('DELETE', `/v1/tokens/${panel.id}`)).status).toBe(204);
    expect((await gateway.decide(holdId, 'reject')).hold.state).toBe('rejected');
    // In a hold that opens and goes with the lost seconds.
    expect(await gateway.as(upstream.token).deleteVm('up-3')).toMatchObject({ accepted: true });
    expect(await gateway.as(upstream.token).deleteVm('up-4')).toMatchObject({ reason: 'held' });
    await gateway.pause({ kind: 'zone', id: this.paused?.id ?? '' }, 'by hand');
    await gateway.resume(pauseId);
  }

  /** From the first moment on: who was refused is never let in again. */
  async staysRefused(): Promise<void> {
    const { panel } = this.prepared;
    await until(async () => {
      const { status } = await this.stack.gateway.as(panel.token).ask('GET', '/v1/vms/of-panel', { withinMs: 4_000 });
      expect([401, 503]).toContain(status);
      return status === 401;
    }, { withinMs: PATIENCE_MS, what: 'the revoked token to be refused' });
  }

  /** Each is as it was decided, or said with what to do. */
  async stand(): Promise<void> {
    const { gateway } = this.stack;
    const { panel, holdId, pauseId } = this.prepared;
    const said = (what: string) => until(async () => JSON.stringify((await gateway.log({ limit: '200' })).items.map((entry) => entry.text)).includes(what), { withinMs: PATIENCE_MS, what: `the log to say ${what}` });
    await said(`PostgreSQL lost the revocation of the token panel (${panel.id}), by admin at `);
    await said(`PostgreSQL lost the token made (${this.made?.id ?? ''}, publisher), by admin at `);
    await said('it is not known any more, and whoever has it is refused (401). Make another one.');
    await said('PostgreSQL lost the settings {');
    await said('PostgreSQL lost the brakes {');
    await said('PostgreSQL lost the limits of the tenant acme (');
    await said(`PostgreSQL lost that the hold ${holdId} (deletions by http:upstream) was rejected, by admin at `);
    await said('nothing of it waits any more (up-4). Let http:upstream delete them again.');
    await said(`PostgreSQL lost a pause of the zone ${this.paused?.id ?? ''} (`);
    await said(`it is on again. \`vmdns resume ${pauseId}\` ends it once more.`);

    expect(await gateway.settings()).toMatchObject({ ownDomains: LOST.ownDomains, brakes: LOST.brakes });
    expect((await gateway.ask('GET', '/v1/tenants/acme')).body).toMatchObject({ limits: LIMITS });
    expect((await gateway.hold(holdId)).hold).toMatchObject({ state: 'rejected', decidedBy: 'admin' });
    const tokens = (await gateway.ask('GET', '/v1/tokens')).body as { readonly items: readonly { readonly id: string; readonly revokedAt: string | null }[] };
    expect(tokens.items.find((token) => token.id === panel.id)?.revokedAt).not.toBeNull();
    expect(tokens.items.map((token) => token.id)).not.toContain(this.made?.id);
    expect((await gateway.as(this.made?.token ?? '').ask('GET', '/v1/vms/of-panel')).status).toBe(401);
    const zones = (await gateway.ask('GET', '/v1/zones')).body as { readonly items: readonly Zone[] };
    expect(zones.items.find((zone) => zone.id === this.paused?.id)?.paused).toBe(true);
    expect(zones.items.find((zone) => zone.id === this.ended?.id)?.paused).toBe(true);
    // Decided again by the person who is told so.
    await gateway.resume(pauseId);
  }

  private get prepared(): Before {
    if (this.before === undefined) throw new Error('nothing was prepared');
    return this.before;
  }

  private async newToken(name: string): Promise<NewToken> {
    const answer = await accepted(() => this.stack.gateway.ask('POST', '/v1/tokens', { body: { name, role: 'publisher' } }));
    expect(answer.status).toBe(201);
    const token = answer.body as NewToken;
    this.stack.secrets[`the token ${name}`] = token.token;
    return token;
  }
}
