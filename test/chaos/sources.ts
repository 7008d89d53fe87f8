import type { Hold, NewToken, VmDns, VmFact, VmView } from '@vmdns/contracts';
import type { HttpAnswer } from '@vmdns/local';
import type { Said } from './book.js';
import type { Dice } from './dice.js';
import { placeOf } from './expected.js';
import type { Gate } from './gate.js';
import { LATE_MS } from './publishers.js';
import type { Trouble } from './trouble.js';
import { BRAKED, type World } from './world.js';

const PATIENCE_MS = 240_000;
const VMS = [1, 2, 3, 4, 5, 6];

/** A publisher of its own, with VMs that nobody else says anything of. */
abstract class Source {
  /** Until then something that was said and not answered may still arrive. */
  protected lateUntil = 0;
  private token = '';

  protected constructor(private readonly name: string, protected readonly world: World, protected readonly dice: Dice, protected readonly trouble: Trouble) {}

  async live(signal: AbortSignal, gate: Gate): Promise<void> {
    const made = await this.trouble.insist('making a token', (gateway) => gateway.ask('POST', '/v1/tokens', { body: { name: this.name, role: 'publisher' }, withinMs: 8_000 }));
    this.token = (made.body as NewToken).token;
    while (!signal.aborted) {
      await gate.enter(() => this.round(signal));
      await this.trouble.pause(Math.max(this.dice.between(500, 3_000), this.lateUntil - Date.now()), signal);
    }
  }

  protected abstract round(signal: AbortSignal): Promise<void>;

  /** As this source; `asAdmin`: as the person who operates. */
  protected ask(method: string, path: string, body?: unknown, asAdmin = false): Promise<HttpAnswer> {
    const again = (): void => { this.lateUntil = Date.now() + LATE_MS; };
    return this.trouble.insist(`${method} ${path}`, (gateway) => (asAdmin ? gateway : gateway.as(this.token)).ask(method, path, { withinMs: 8_000, ...(body === undefined ? {} : { body }), ...(typeof body === 'string' ? { headers: { 'content-type': 'application/x-ndjson' } } : {}) }), again);
  }

  protected async revisionOf(vmId: string): Promise<number> {
    return ((await this.ask('GET', `/v1/vms/${vmId}`)).body as VmView).revision;
  }

  /** Until its DNS is so; whatever is wrong meanwhile ends. */
  protected async reaches(vmId: string, revision: number, is: (dns: VmDns) => boolean, what: string): Promise<VmDns | undefined> {
    let last: VmDns | undefined;
    for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await this.trouble.pause(300)) {
      last = (await this.ask('GET', `/v1/vms/${vmId}/dns?revision=${revision}`, undefined, true)).body as VmDns;
      if (last.plannedRevision >= revision && is(last)) return last;
    }
    this.trouble.wrong(`${vmId} did not become ${what} for revision ${revision}: ${JSON.stringify(last)}`);
    return undefined;
  }
}

/** Says complete lists only: what two of them do not have goes, and a list that was cut off changes nothing. */
export class Lister extends Source {
  private listed: readonly number[] = [];

  constructor(world: World, dice: Dice, trouble: Trouble) {
    super('lister', world, dice, trouble);
  }

  protected async round(signal: AbortSignal): Promise<void> {
    const chosen = VMS.filter(() => this.dice.chance(0.6));
    const list = (chosen.length === 0 ? [1] : chosen).map((at) => ({ at, vmId: `listed-${at}`, said: { fqdn: `listed-${at}.alpha.test`, addresses: [{ ip: `198.51.100.${this.dice.pick([200, 220]) + at}` }] } satisfies Said }));
    const gone = this.listed.filter((at) => !list.some((one) => one.at === at));
    if (signal.aborted) return;
    const from = Date.now();
    const lines = list.map(({ vmId, said }) => JSON.stringify({ vmId, ...said }));
    if (this.dice.chance(0.3)) await this.sayCut(lines);
    await this.say(lines);
    await this.trouble.pause(APART_MS);
    await this.say(lines);
    const revisions = new Map<string, number>();
    for (const { vmId } of list) revisions.set(vmId, await this.revisionOf(vmId));
    // All at once, so that nobody else tells a part of it.
    for (const { vmId, said } of list) {
      this.world.facts += 1;
      this.world.book.put(vmId, said);
      this.world.book.answered(vmId, revisions.get(vmId) ?? 0);
    }
    for (const at of gone) {
      this.world.facts += 1;
      this.world.book.remove(`listed-${at}`);
      this.world.book.answered(`listed-${at}`, (this.world.book.revisions.get(`listed-${at}`) ?? 0) + 1);
    }
    this.listed = list.map(({ at }) => at);
    this.world.changed(from);
  }

  private async say(lines: readonly string[]): Promise<void> {
    for (let tries = 0; tries < 100; tries += 1) {
      const answer = await this.post([...lines, JSON.stringify({ end: true, count: lines.length })]);
      const { faults = [] } = answer.body as { readonly faults?: readonly unknown[] };
      if (answer.status === 200 && faults.length === 0) return;
      // Another try of ours began since, and may go on; then it is said once more.
      if (answer.status !== 409) { this.trouble.wrong(`a complete list was answered ${answer.status}: ${JSON.stringify(answer.body)}`); return; }
      await this.trouble.pause(500);
    }
    this.trouble.wrong('a complete list was given up a hundred times');
  }

  private async sayCut(lines: readonly string[]): Promise<void> {
    const answer = await this.post(lines.slice(0, -1));
    if (answer.status !== 400) this.trouble.wrong(`a list that was cut off was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }

  private post(lines: readonly string[]): Promise<HttpAnswer> {
    return this.ask('POST', '/v1/sources/http:lister/snapshot', `${lines.join('\n')}\n`);
  }
}
/** Longer than the world lets two sightings be apart. */
const APART_MS = 1_500;

/** Removes from a zone of which nothing goes without a person: who then lets it go, or says no. */
export class Braked extends Source {
  constructor(world: World, dice: Dice, trouble: Trouble) {
    super('braked', world, dice, trouble);
  }

  protected async round(signal: AbortSignal): Promise<void> {
    const { book } = this.world;
    for (const at of VMS.filter((one) => !book.vms.has(`braked-${one}`))) await this.put(at);
    for (const at of VMS) await this.reaches(`braked-${at}`, book.revisions.get(`braked-${at}`) ?? 0, (dns) => dns.live, 'live');
    const chosen = VMS.filter(() => this.dice.chance(0.4));
    if (signal.aborted || chosen.length === 0) return;
    // The book hears of it when a person has decided: nothing may go before.
    for (const at of chosen) await this.remove(at);
    await this.decide(chosen, this.dice.pick(['approve', 'reject']));
  }

  private async put(at: number): Promise<void> {
    const vmId = `braked-${at}`;
    const said: VmFact & Said = { fqdn: `${vmId}.${BRAKED.forward.slice(0, -1)}`, addresses: [{ ip: `203.0.114.${at}` }] };
    const from = Date.now();
    await this.ask('PUT', `/v1/vms/${vmId}`, said);
    const revision = await this.revisionOf(vmId);
    this.world.facts += 1;
    this.world.book.put(vmId, said);
    this.world.book.answered(vmId, revision);
    for (const place of placesOf(at)) this.world.kept.delete(place);
    this.world.changed(from);
    await this.settle();
  }

  private async remove(at: number): Promise<void> {
    const vmId = `braked-${at}`;
    await this.ask('DELETE', `/v1/vms/${vmId}`);
    const revision = (this.world.book.revisions.get(vmId) ?? 0) + 1;
    await this.reaches(vmId, revision, () => true, 'planned');
    this.world.facts += 1;
    this.world.book.answered(vmId, revision);
    await this.settle();
  }

  /** What bears no version, and was not answered, has arrived by then. */
  private settle(): Promise<void> {
    return this.trouble.pause(Math.max(0, this.lateUntil - Date.now()));
  }

  private async decide(chosen: readonly number[], decision: 'approve' | 'reject'): Promise<void> {
    const holds = ((await this.ask('GET', '/v1/holds?state=open', undefined, true)).body as { readonly items: readonly Hold[] }).items.filter(({ kind }) => kind === 'removals');
    const [hold] = holds;
    if (holds.length !== 1 || hold?.members !== chosen.length * 2) this.trouble.wrong(`the removal of ${chosen.length} names and their PTRs does not wait in one hold: ${JSON.stringify(holds)}`);
    const from = Date.now();
    const { rrsets } = this.world.picture();
    const answer = await this.ask('POST', `/v1/holds/${hold?.holdId ?? ''}/${decision}`, {}, true);
    const { changed = [] } = answer.body as { readonly changed?: readonly string[] };
    if (answer.status !== 200 || changed.length > 0) this.trouble.wrong(`${decision} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    for (const at of chosen) {
      if (decision === 'reject') for (const place of placesOf(at)) { const rrset = rrsets.get(place); if (rrset !== undefined) this.world.kept.set(place, rrset); }
      this.world.book.remove(`braked-${at}`);
    }
    this.world.changed(from);
    for (const at of chosen) {
      const dns = await this.reaches(`braked-${at}`, this.world.book.revisions.get(`braked-${at}`) ?? 0, ({ state }) => state === 'gone', 'gone');
      const reasons = dns?.records.map(({ reason }) => reason?.code).join() ?? '';
      if (reasons !== (decision === 'reject' ? 'kept,kept' : '')) this.trouble.wrong(`braked-${at} after ${decision}: ${JSON.stringify(dns)}`);
    }
  }
}

const placesOf = (at: number): readonly string[] => [
  placeOf({ server: 0, apex: BRAKED.forward, name: `braked-${at}.${BRAKED.forward}`, type: 'A' }), placeOf({ server: 0, apex: BRAKED.reverse, name: `${at}.${BRAKED.reverse}`, type: 'PTR' }),
];
