import { afterAll, afterEach, beforeEach, expect } from '@jest/globals';
import type { Role } from '@vmdns/contracts';
import type { Browser, Page } from 'playwright-core';
import { startBrowser, startStack, until, visit, type Stack, type Visitor } from '../../support/index.js';
import { BusPublisher } from '../bus-publisher.js';

/** One stack and one browser for all that is shown of the console: starting them costs more than most stories. */
export class ConsoleWorld {
  zoneId = '';
  holdId = '';
  deadLetterId = '';

  private constructor(readonly stack: Stack, readonly browser: Browser) {}

  static async open(): Promise<ConsoleWorld> {
    const [stack, browser] = await Promise.all([startStack(), startBrowser()]);
    const world = new ConsoleWorld(stack, browser);
    await world.fill();
    return world;
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.stack.stop();
  }

  /** Of everything that a view can show, at least one. */
  private async fill(): Promise<void> {
    const { gateway, powerdns } = this.stack;
    // First, so that the hint at its zone is known as soon as somebody looks.
    await gateway.putVm('hinted', { fqdn: 'a.hint.test', addresses: [{ ip: '198.51.100.77' }] });
    this.zoneId = (await this.stack.addZone('views.test')).id;
    for (const zone of ['113.0.203.in-addr.arpa', 'night.test', '2.0.192.in-addr.arpa']) await this.stack.addZone(zone);
    await powerdns.putRrsets('views.test.', [{ name: 'taken.views.test.', type: 'A', ttl: 60, records: [{ content: '198.51.100.1', disabled: false }] }]);
    await this.brakeAt(1);
    const publish = (vmId: string, fqdn: string, ip: string, tenant?: string) => gateway.publish(vmId, { fqdn, addresses: [{ ip }], ...(tenant === undefined ? {} : { tenant }) }, 60_000);
    await Promise.all([
      publish('vm-1', 'one.views.test', '203.0.113.1', 'acme'), publish('vm-2', 'taken.views.test', '203.0.113.2'), publish('vm-5546', 'web.night.test', '192.0.2.46'),
      publish('gone-1', 'gone-1.views.test', '203.0.113.7'), publish('gone-2', 'gone-2.views.test', '203.0.113.8'), gateway.putVm('vm-3', { fqdn: 'three.elsewhere.test', addresses: [{ ip: '198.51.100.3' }] }),
    ]);
    for (const vmId of ['gone-1', 'gone-2']) await gateway.deleteVm(vmId);
    // Recycled while its deletion waits for a person.
    await publish('heir', 'heir.views.test', '203.0.113.8');
    this.holdId = (await gateway.holds('open')).items[0]?.holdId ?? '';
    await gateway.ask('PUT', '/v1/tenants/beta/limits', { body: { domains: ['beta.test'], ranges: [] } });
    await this.sayWhatNobodyTakes();
  }

  /** A platform tells of a VM in words that inventory does not know. */
  private async sayWhatNobodyTakes(): Promise<void> {
    const bus = await BusPublisher.at(this.stack);
    await bus.say(letterOf({ apiToken: LETTER_CANARY }));
    await bus.close();
    const open = async () => (await this.stack.gateway.ask('GET', '/v1/deadletters?state=open')).body as { readonly items?: readonly { readonly id: string }[] };
    this.deadLetterId = (await until(async () => (await open()).items?.[0], { withinMs: 60_000, what: 'the dead letter' })).id;
  }

  /** So many deletions of VMs by one source are let through. */
  async brakeAt(count: number): Promise<void> {
    await this.stack.gateway.putSettings({ brakes: { vmDeletions: { count, share: 0, windowSeconds: 600 } } });
  }

  async tokenOf(role: Role, tenant?: string): Promise<string> {
    const answer = await this.stack.gateway.ask('POST', '/v1/tokens', { body: { name: `view-${role}${tenant ?? ''}`, role, ...(tenant === undefined ? {} : { tenant }) } });
    return (answer.body as { readonly token: string }).token;
  }
}

/** A secret that a platform says by mistake. */
export const LETTER_CANARY = 'canary-of-the-letter';
/** What it says of a VM. */
export const letterOf = (more: Readonly<Record<string, string>> = {}) => ({ specversion: '1.0', id: 'letter-1', source: 'platform', type: 'vmdns.vm.changed.v1', data: { vmId: 'letter-vm', fqdn: 'letter.views.test', addresses: [{ ip: '203.0.113.60' }], ...more } });

/** A new visitor for each test of a describe block; after it nothing may have gone wrong in the page. */
export function eachWithVisitor(world: () => ConsoleWorld): { readonly page: Page; readonly visitor: Visitor } {
  let visitor: Visitor;
  beforeEach(async () => { visitor = await visit(world().browser, world().stack.gateway.url); });
  afterEach(async () => {
    await visitor.context.close();
    expect(visitor.behaviour.faults).toEqual([]);
  });
  return { get page() { return visitor.page; }, get visitor() { return visitor; } };
}

/** Ends the world after all, also where it never opened. */
export function closeAfterAll(world: () => ConsoleWorld | undefined): void {
  afterAll(async () => { await world()?.close(); });
}
