import type { HttpAnswer } from '@vmdns/local';
import type { Zone, Pause } from '@vmdns/contracts';
import type { Dice } from './dice.js';
import { reverseOf } from './book.js';
import type { Trouble } from './trouble.js';
import type { ForeignRrset } from './sites.js';
import { LATE_MS } from './publishers.js';
import { FREELY, INNER, type World } from './world.js';

/** Whoever else is about: operators who add, remove and pause zones, and people who write DNS by hand. */
export class Others {
  written = 0;
  zoneChanges = 0;

  constructor(private readonly world: World, private readonly dice: Dice, private readonly trouble: Trouble) {}

  /** What is there before vmdns comes: names that VMs will want, and others. */
  async before(): Promise<void> {
    for (const { server, apex } of [...this.world.zones.values()].filter((zone) => !zone.apex.endsWith('.arpa.'))) {
      await this.world.byHand(server, apex, rrset(`taken-0.${apex}`, 'A', ['203.0.113.250']));
      await this.world.byHand(server, apex, rrset(`taken-1.${apex}`, 'AAAA', ['2001:db8:ffff::1']));
      await this.world.byHand(server, apex, rrset(`www.${apex}`, 'A', ['203.0.113.251']));
    }
    await this.world.byHand(1, '100.51.198.in-addr.arpa.', rrset(reverseOf('198.51.100.3'), 'PTR', ['somebody.else.example.']));
  }

  /** People who write, beside and between what is ours; types that vmdns does not make. */
  async write(signal: AbortSignal): Promise<void> {
    const dice = this.dice.of('hand');
    while (!signal.aborted) {
      await this.trouble.pause(dice.between(300, 1_500), signal);
      const zones = [...this.world.zones.values()].filter((zone) => zone.apex !== INNER.apex && this.world.site(zone.server).bearsOthers);
      const { server, apex } = dice.pick(zones);
      const label = dice.pick(['still-5', 'still-10', `host-${dice.between(1, 40)}-${dice.between(0, 3)}`, `other-${dice.between(0, 20)}`]);
      const name = apex.endsWith('.ip6.arpa.') ? `other-${dice.between(0, 20)}.${apex}` : apex.endsWith('.arpa.') ? `${dice.between(1, 254)}.${apex}` : `${label}.${apex}`;
      const what = dice.pick([rrset(name, 'TXT', [`"written ${dice.between(0, 999)}"`]), rrset(name, 'MX', [`10 mx${dice.between(0, 9)}.example.`]), rrset(name, 'SRV', [`0 0 ${dice.between(1, 999)} srv.example.`])]);
      await this.insist(() => this.world.byHand(server, apex, what));
    }
  }

  /** A zone comes and goes, others are paused, compared, and get other times to live. */
  async operate(signal: AbortSignal): Promise<void> {
    const dice = this.dice.of('operator');
    while (!signal.aborted) {
      await this.trouble.pause(dice.between(1_000, 5_000), signal);
      if (signal.aborted) return;
      this.zoneChanges += 1;
      switch (dice.weighted({ inner: 3, ttl: 1, pause: 2, compare: 2 })) {
        case 'inner': await (this.world.zones.has(`${INNER.server}|${INNER.apex}`) ? this.removeInner() : this.addInner()); break;
        case 'ttl': await this.changeTtl(dice); break;
        case 'pause': await this.pause(dice, signal); break;
        case 'compare': await this.compare(dice.pick([...this.world.zones.values()]).zoneId); break;
      }
    }
  }

  async compare(zoneId: string): Promise<void> {
    await this.trouble.insist('reconcile', (gateway) => gateway.ask('POST', `/v1/zones/${zoneId}/reconcile`, { withinMs: 6_000 }));
  }

  private async addInner(): Promise<void> {
    const from = Date.now();
    const site = this.world.site(INNER.server);
    const answer = await this.trouble.insist('adding a zone', async (gateway): Promise<HttpAnswer> => {
      // What was not answered may have been done.
      const known = (await gateway.zones(INNER.apex)).items.find((zone) => zone.state === 'active');
      return known === undefined ? gateway.ask('POST', '/v1/zones', { body: { name: INNER.apex, connectionId: site.connectionId, limits: FREELY }, withinMs: 8_000 }) : { status: 200, headers: new Headers(), body: known };
    });
    // It is still on its way out, and comes another time; or a call that was not answered has arrived after all.
    if (answer.status === 409) { await this.takeInner(from, LATE_MS); return; }
    if (answer.status >= 300) { this.trouble.wrong(`adding ${INNER.apex} was answered ${answer.status}: ${JSON.stringify(answer.body)}`); return; }
    this.bookInner(answer.body as Zone, from);
  }

  /** Books the zone if it is there, and waits for that. */
  private async takeInner(from: number, withinMs: number): Promise<void> {
    for (const until = Date.now() + withinMs; ; await this.trouble.pause(500)) {
      const answer = await this.trouble.insist('listing the zones', (gateway) => gateway.ask('GET', `/v1/zones?name=${INNER.apex}`, { withinMs: 8_000 }));
      const known = (answer.body as { readonly items?: readonly Zone[] }).items?.find((zone) => zone.name === INNER.apex && zone.state === 'active');
      if (known !== undefined) { this.bookInner(known, from); return; }
      if (Date.now() >= until) return;
    }
  }

  private bookInner(zone: Zone, from: number): void {
    this.world.zones.set(`${INNER.server}|${INNER.apex}`, { ...INNER, zoneId: zone.id, ttl: zone.ttl });
    this.world.changed(from);
  }

  private async removeInner(): Promise<void> {
    const key = `${INNER.server}|${INNER.apex}`;
    const zoneId = this.world.zones.get(key)?.zoneId ?? '';
    const from = Date.now();
    await this.trouble.insist('removing a zone', (gateway) => gateway.ask('DELETE', `/v1/zones/${zoneId}?purge=true`, { withinMs: 8_000 }));
    this.world.zones.delete(key);
    this.world.changed(from);
  }

  private async changeTtl(dice: Dice): Promise<void> {
    const [key, zone] = dice.pick([...this.world.zones].filter(([, { apex }]) => apex !== INNER.apex));
    const ttl = { forward: dice.between(60, 600), reverse: dice.between(600, 7_200) };
    await this.trouble.insist('changing a zone', (gateway) => gateway.ask('PATCH', `/v1/zones/${zone.zoneId}`, { body: { ttl }, withinMs: 8_000 }));
    this.world.zones.set(key, { ...zone, ttl });
  }

  private async pause(dice: Dice, signal: AbortSignal): Promise<void> {
    const scope = dice.chance(0.3) ? { kind: 'all' } : { kind: 'zone', id: dice.pick([...this.world.zones.values()]).zoneId };
    const answer = await this.trouble.insist('pausing', (gateway) => gateway.ask('POST', '/v1/pause', { body: { scope, why: 'chaos' }, withinMs: 8_000 }));
    // One that was not answered may have been made, too: the list at the end has it.
    if (answer.status >= 300) return;
    const { id } = answer.body as Pause;
    await this.trouble.pause(dice.between(500, 4_000), signal);
    await this.resume(id);
  }

  /** Ends every pause there is, and books the zone that came late: what was not answered may have been done, even now. */
  async tidy(): Promise<void> {
    if (!this.world.zones.has(`${INNER.server}|${INNER.apex}`)) await this.takeInner(Date.now(), 0);
    const answer = await this.trouble.insist('listing the pauses', (gateway) => gateway.ask('GET', '/v1/pause', { withinMs: 8_000 }));
    for (const { id } of (answer.body as { readonly items: readonly Pause[] }).items) await this.resume(id);
  }

  private async resume(id: string): Promise<void> {
    await this.trouble.insist('going on', (gateway) => gateway.ask('DELETE', `/v1/pause/${id}`, { withinMs: 8_000 }));
  }

  /** The server may be killed or asleep; nobody gives up for that. */
  private async insist(work: () => Promise<void>): Promise<void> {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      if (await work().then(() => true, () => false)) { this.written += 1; return; }
      await this.trouble.pause(300);
    }
    this.trouble.wrong('a name server could not be written by hand for a minute');
  }
}

function rrset(name: string, type: string, contents: readonly string[]): ForeignRrset {
  return { name, type, ttl: 600, records: contents.map((content) => ({ content, disabled: false })) };
}

