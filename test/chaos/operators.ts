import type { HttpAnswer } from '@vmdns/local';
import type { AddressFilter, Pause, Zone } from '@vmdns/contracts';
import type { z } from 'zod';
import type { Dice } from './dice.js';
import type { Limits } from './expected.js';
import type { Gate } from './gate.js';
import { LATE_MS } from './publishers.js';
import type { Trouble } from './trouble.js';
import { BRAKED, COMERS, FREELY, MOVED, TENANTS, TTL, type World } from './world.js';

/** Which addresses a zone takes, as vmdns is told it and as the checker reads it. */
interface Filter { readonly addresses: z.infer<typeof AddressFilter>; readonly takes?: (ip: string) => boolean }
const isInside = (ip: string): boolean => ip.startsWith('10.');
const FILTERS: readonly Filter[] = [
  { addresses: 'all' }, { addresses: 'all' }, { addresses: 'public', takes: (ip) => !isInside(ip) }, { addresses: 'private', takes: isInside },
  { addresses: { ranges: ['198.51.100.0/24', '2001:db8:1::/48'] }, takes: (ip) => ip.startsWith('198.51.100.') || ip.startsWith('2001:db8:1:') },
];
/** Whose filters change. */
const FILTERED = ['beta.test.', 'both.test.', '100.51.198.in-addr.arpa.', '64/26.100.51.198.in-addr.arpa.'];

/** What is kept in them keeps its TTL, too. */
const SAME_TTL: readonly string[] = [...COMERS.map(({ apex }) => apex), BRAKED.forward, BRAKED.reverse];

/** What a tenant may use, in both spellings. */
interface Bound { readonly domains: readonly string[] | null; readonly ranges: readonly string[] | null; readonly limits: Limits }
const BOUNDS: readonly Bound[] = [
  { domains: null, ranges: null, limits: { domains: null, prefixes: null } },
  { domains: ['alpha.test', 'both.test'], ranges: null, limits: { domains: ['alpha.test.', 'both.test.'], prefixes: null } },
  { domains: null, ranges: ['198.51.100.0/24', '2001:db8:1::/48'], limits: { domains: null, prefixes: ['198.51.100.', '2001:db8:1:'] } },
  { domains: ['test'], ranges: ['198.51.100.0/24', '10.0.0.0/8'], limits: { domains: ['test.'], prefixes: ['198.51.100.', '10.'] } },
];

/** Operators who add, remove, move, filter and pause zones, and limit tenants: one change after the other. */
export class Operators {
  changes = 0;
  /** Until then something that was asked and not answered may still be done. */
  private lateUntil = 0;

  constructor(private readonly world: World, private readonly dice: Dice, private readonly trouble: Trouble, private readonly lateMs: number, private readonly gate: Gate) {}

  async operate(signal: AbortSignal): Promise<void> {
    const { dice } = this;
    while (!signal.aborted) {
      await this.trouble.pause(Math.max(dice.between(1_000, 4_000), this.lateUntil - Date.now()), signal);
      await this.gate.enter(() => this.step(signal));
    }
  }

  private async step(signal: AbortSignal): Promise<void> {
    const { dice } = this;
    if (signal.aborted) return;
    this.changes += 1;
    switch (dice.weighted({ comer: 4, move: 2, filter: 2, limit: 2, ttl: 1, pause: 2, compare: 2 })) {
      case 'comer': await this.comeOrGo(dice.pick(COMERS)); break;
      case 'move': await this.move(dice); break;
      case 'filter': await this.filter(dice); break;
      case 'limit': await this.limit(dice); break;
      case 'ttl': await this.changeTtl(dice); break;
      case 'pause': await this.pause(dice, signal); break;
      case 'compare': await this.compare(dice.pick([...this.world.zones.values()]).zoneId); break;
    }
  }

  /** Ends every pause there is, and books what came late: what was not answered may have been done, even now. */
  async tidy(): Promise<void> {
    for (const comer of COMERS) if (!this.world.zones.has(keyOf(comer))) await this.takeComer(comer);
    await this.resumeAll();
  }

  private async resumeAll(): Promise<void> {
    const answer = await this.ask('listing the pauses', 'GET', '/v1/pause');
    for (const { id } of (answer.body as { readonly items: readonly Pause[] }).items) await this.ask('going on', 'DELETE', `/v1/pause/${id}`);
  }

  private ask(what: string, method: string, path: string, body?: unknown): Promise<HttpAnswer> {
    const again = (): void => { this.lateUntil = Date.now() + this.lateMs; };
    return this.trouble.insist(what, (gateway) => gateway.ask(method, path, { withinMs: 8_000, ...(body === undefined ? {} : { body }) }), again);
  }

  private wrong(what: string, { status, body }: HttpAnswer): void {
    this.trouble.wrong(`${what} was answered ${status}: ${JSON.stringify(body)}`);
  }

  private async compare(zoneId: string): Promise<void> {
    await this.ask('reconcile', 'POST', `/v1/zones/${zoneId}/reconcile`);
  }

  private async comeOrGo(comer: typeof COMERS[number]): Promise<void> {
    const { zones } = this.world;
    const known = zones.get(keyOf(comer));
    const from = Date.now();
    const after = new Map([...zones].filter(([key]) => key !== keyOf(comer)));
    if (known !== undefined) {
      await this.world.trying({ zones: after }, () => this.ask('removing a zone', 'DELETE', `/v1/zones/${known.zoneId}?purge=true`));
      zones.delete(keyOf(comer));
    } else {
      const added = await this.world.trying({ zones: after.set(keyOf(comer), { ...comer, zoneId: '', ttl: TTL }) }, () => this.add(comer));
      if (added !== undefined) zones.set(keyOf(comer), { ...comer, zoneId: added.id, ttl: added.ttl });
    }
    this.world.changed(from);
  }

  private async add(comer: typeof COMERS[number]): Promise<Zone | undefined> {
    const { connectionId } = this.world.site(comer.server);
    // What was not answered may have been done.
    const there = await this.awaitEntry(comer.apex, connectionId, 0);
    if (there !== undefined) return there;
    const answer = await this.ask('adding a zone', 'POST', '/v1/zones', { name: comer.apex, connectionId, limits: FREELY });
    if (answer.status < 300) return answer.body as Zone;
    // It is still on its way out, and comes another time; or a call that was not answered has arrived after all.
    if (answer.status === 409) return this.awaitEntry(comer.apex, connectionId, LATE_MS);
    this.wrong(`adding ${comer.apex}`, answer);
    return undefined;
  }

  /** Books the zone if it is there after all. */
  private async takeComer(comer: typeof COMERS[number]): Promise<void> {
    const from = Date.now();
    const zone = await this.awaitEntry(comer.apex, this.world.site(comer.server).connectionId, 0);
    if (zone === undefined) return;
    this.world.zones.set(keyOf(comer), { ...comer, zoneId: zone.id, ttl: zone.ttl });
    this.world.changed(from);
  }

  /** Added at the other server, then removed here. */
  private async move(dice: Dice): Promise<void> {
    const { zones } = this.world;
    const zone = this.world.moved();
    const server = dice.pick(this.world.destinations().filter((one) => one !== zone.server));
    const { connectionId } = this.world.site(server);
    const from = Date.now();
    const after = new Map([...zones].filter(([key]) => key !== keyOf(zone))).set(`${server}|${MOVED}`, { ...zone, server });
    const next = await this.world.trying({ zones: after }, async () => {
      const answer = await this.ask('moving a zone', 'POST', `/v1/zones/${zone.zoneId}/move`, { connectionId, purge: true });
      if (answer.status < 300) return answer.body as Zone;
      if (answer.status !== 409 && answer.status !== 404) { this.wrong('moving a zone', answer); return undefined; }
      // The entry that it left last time is still on its way out; or an earlier call has done it.
      return this.awaitEntry(MOVED, connectionId, LATE_MS);
    });
    if (next !== undefined) {
      zones.delete(keyOf(zone));
      zones.set(`${server}|${MOVED}`, { ...zone, server, zoneId: next.id });
    }
    this.world.changed(from);
  }

  private async awaitEntry(apex: string, connectionId: string, withinMs: number): Promise<Zone | undefined> {
    for (const until = Date.now() + withinMs; ; await this.trouble.pause(500)) {
      const answer = await this.ask('listing the zones', 'GET', `/v1/zones?name=${encodeURIComponent(apex)}`);
      const { items = [] } = answer.body as { readonly items?: readonly Zone[] };
      const known = items.find((zone) => zone.name === apex && zone.connectionId === connectionId && zone.state === 'active');
      if (known !== undefined || Date.now() >= until) return known;
    }
  }

  private async filter(dice: Dice): Promise<void> {
    const { zones } = this.world;
    const [key, { takes: _before, ...zone }] = dice.pick([...zones].filter(([, { apex }]) => FILTERED.includes(apex)));
    const { addresses, takes } = dice.pick(FILTERS);
    const filtered = { ...zone, ...(takes === undefined ? {} : { takes }) };
    const from = Date.now();
    await this.world.trying({ zones: new Map([...zones]).set(key, filtered) }, () => this.change(zone.zoneId, { addresses }));
    zones.set(key, filtered);
    this.world.changed(from);
  }

  private async limit(dice: Dice): Promise<void> {
    const tenant = dice.pick(TENANTS);
    const { limits, ...body } = dice.pick(BOUNDS);
    const from = Date.now();
    const answer = await this.world.trying({ limits: new Map([...this.world.limits]).set(tenant, limits) }, () => this.ask('limiting a tenant', 'PUT', `/v1/tenants/${tenant}/limits`, body));
    if (answer.status === 200) this.world.limits.set(tenant, limits);
    else this.wrong('limiting a tenant', answer);
    this.world.changed(from);
  }

  private async changeTtl(dice: Dice): Promise<void> {
    const [key, zone] = dice.pick([...this.world.zones].filter(([, { apex }]) => !SAME_TTL.includes(apex)));
    const ttl = { forward: dice.between(60, 600), reverse: dice.between(600, 7_200) };
    await this.change(zone.zoneId, { ttl });
    this.world.zones.set(key, { ...zone, ttl });
  }

  private async change(zoneId: string, change: Readonly<Record<string, unknown>>): Promise<void> {
    const answer = await this.ask('changing a zone', 'PATCH', `/v1/zones/${zoneId}`, change);
    if (answer.status !== 200) this.wrong(`changing a zone (${JSON.stringify(change)})`, answer);
  }

  private async pause(dice: Dice, signal: AbortSignal): Promise<void> {
    const zone = dice.pick([...this.world.zones.values()]);
    const scope = dice.pick([{ kind: 'all' }, { kind: 'connection', id: this.world.site(zone.server).connectionId }, { kind: 'zone', id: zone.zoneId }, { kind: 'zone', id: zone.zoneId }]);
    const answer = await this.ask('pausing', 'POST', '/v1/pause', { scope, why: 'chaos' });
    if (answer.status >= 300) return;
    await this.trouble.pause(dice.between(500, 4_000), signal);
    // One that was not answered may have been made, too.
    await this.resumeAll();
  }
}

const keyOf = ({ server, apex }: { readonly server: number; readonly apex: string }): string => `${server}|${apex}`;
