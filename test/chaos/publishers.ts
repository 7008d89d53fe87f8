import type { FactAnswer } from '@vmdns/contracts';
import type { HttpAnswer } from '@vmdns/local';
import type { Said, SaidAddress } from './book.js';
import type { Dice } from './dice.js';
import { Trouble } from './trouble.js';
import { TENANTS, type World } from './world.js';

/** How a VM's facts are told apart: by version, by version and a uid of each life, or by nothing. */
type Manner = 'versions' | 'lives' | 'plain';
interface Life {
  version: number;
  life: number;
  said: Said | undefined;
  /** Until then something that was sent and not answered may still arrive. */
  lateUntil: number;
}

/**
 * Of what bears no version the last to arrive wins: whoever was not answered, and says it again, says nothing else
 * before the first surely cannot arrive any more. Longer than anything sleeps or is cut off.
 */
export const LATE_MS = 12_000;

const OTHER_DOMAINS = ['alpha.test', 'inner.alpha.test', 'waiting.test', 'customer.example'];
const WANTED_BY_MANY = ['shared-0', 'shared-1', 'shared-2', 'www', 'taken-0', 'taken-1'];
/** How many VMs are made once and never changed: nobody may touch what is theirs. */
export const isStill = (at: number): boolean => at % 5 === 0;

/** The random lives of VMs. Each VM has dice of its own, and is said one thing after the other, as a good publisher does. */
export class Publishers {
  private readonly lives = new Map<string, Life>();
  private readonly domains: readonly string[];

  constructor(private readonly world: World, private readonly dice: Dice, private readonly trouble: Trouble, private readonly lateMs: number) {
    this.domains = [...world.domains, ...OTHER_DOMAINS];
  }

  /** Makes VM `at`, and goes on changing it until told to end. */
  async live(at: number, signal: AbortSignal): Promise<void> {
    const dice = this.dice.of(`vm ${at}`);
    const vmId = `vm-${at}`;
    this.lives.set(vmId, { version: 0, life: 1, said: undefined, lateUntil: 0 });
    await this.trouble.pause(dice.between(0, 3_000), signal);
    if (isStill(at)) {
      await this.put(vmId, 'versions', { fqdn: `still-${at}.${dice.pick(['alpha.test', 'beta.test', 'both.test'])}`, addresses: [{ ip: `203.0.113.${at}` }, { ip: `2001:db8:1::${at}` }] }, signal);
      return;
    }
    const manner = dice.pick<Manner>(['versions', 'lives', 'plain']);
    while (!signal.aborted) {
      await this.step(vmId, at, manner, dice, signal);
      await this.trouble.pause(Math.max(dice.between(50, 2_500), this.lifeOf(vmId).lateUntil - Date.now()), signal);
    }
  }

  private async step(vmId: string, at: number, manner: Manner, dice: Dice, signal: AbortSignal): Promise<void> {
    const said = this.lives.get(vmId)?.said;
    if (said === undefined) return this.put(vmId, manner, newFact(at, dice, this.domains), signal);
    switch (dice.weighted({ change: 30, rename: 15, repeat: 8, ptr: 20, remove: 10, old: 5 })) {
      case 'change': return this.put(vmId, manner, { ...said, addresses: addresses(at, dice) }, signal);
      case 'rename': return this.put(vmId, manner, { ...newFact(at, dice, this.domains), addresses: said.addresses.map(({ ip }) => ({ ip })) }, signal);
      case 'repeat': return this.repeat(vmId, manner, said);
      case 'ptr': return this.ptr(vmId, dice.pick(said.addresses).ip, dice.chance(0.3) ? null : `mail-${dice.between(0, 99)}.customer-${at}.example`, signal);
      case 'remove': return this.remove(vmId, manner, signal);
      case 'old': return this.old(vmId, manner, at, dice);
    }
  }

  /** Says it until it is taken: what was not answered may have been taken, and is said again. */
  private async put(vmId: string, manner: Manner, said: Said, signal: AbortSignal): Promise<void> {
    const life = this.lifeOf(vmId);
    const touched = [...keysOf(vmId, said), ...(life.said === undefined ? [] : keysOf(vmId, life.said))];
    await this.world.locks.with(touched, async () => {
      if (signal.aborted) return;
      life.version += 1;
      const from = Date.now();
      this.taken(vmId, await this.untilTaken('PUT', `/v1/vms/${vmId}`, { ...said, ...this.marks(vmId, manner) }, manner === 'plain' ? life : undefined));
      life.said = said;
      this.world.book.put(vmId, said);
      this.world.changed(from);
    });
  }

  private async remove(vmId: string, manner: Manner, signal: AbortSignal): Promise<void> {
    const life = this.lifeOf(vmId);
    const { said } = life;
    if (said === undefined) return;
    await this.world.locks.with(keysOf(vmId, said), async () => {
      if (signal.aborted) return;
      life.version += 1;
      const from = Date.now();
      const marks = new URLSearchParams(Object.entries(this.marks(vmId, manner)).map(([key, value]): [string, string] => [key, String(value)]));
      this.taken(vmId, await this.untilTaken('DELETE', `/v1/vms/${vmId}?${marks.toString()}`, undefined, manner === 'plain' ? life : undefined));
      life.said = undefined;
      life.life += 1;
      this.world.book.remove(vmId);
      this.world.changed(from);
    });
  }

  private async ptr(vmId: string, ip: string, hostname: string | null, signal: AbortSignal): Promise<void> {
    await this.world.locks.with([`vm ${vmId}`, `ip ${ip}`], async () => {
      if (signal.aborted) return;
      const from = Date.now();
      this.taken(vmId, await this.untilTaken('PUT', `/v1/vms/${vmId}/addresses/${encodeURIComponent(ip)}/ptr`, { hostname }, this.lifeOf(vmId)));
      this.world.book.customerPtr(vmId, ip, hostname);
      this.world.changed(from);
    });
  }

  /** The same again: nothing may come of it. */
  private async repeat(vmId: string, manner: Manner, said: Said): Promise<void> {
    await this.world.locks.with([`vm ${vmId}`], async () => {
      // A repeat says what was said, not what a customer has said since.
      const answer = await this.untilTaken('PUT', `/v1/vms/${vmId}`, { ...said, ...this.marks(vmId, manner) });
      if (answer.accepted) this.trouble.wrong(`${vmId} (${manner}): a repeat was taken for news: ${JSON.stringify(answer)}`);
    });
  }

  /** A version from before comes late: it must be told apart. */
  private async old(vmId: string, manner: Manner, at: number, dice: Dice): Promise<void> {
    const life = this.lifeOf(vmId);
    if (manner === 'plain' || life.version < 2) return;
    await this.world.locks.with([`vm ${vmId}`], async () => {
      const answer = await this.untilTaken('PUT', `/v1/vms/${vmId}`, { ...newFact(at, dice, this.domains), ...this.marks(vmId, manner), version: life.version - 1 });
      if (answer.accepted) this.trouble.wrong(`${vmId} (${manner}): an old version was taken for news: ${JSON.stringify(answer)}`);
    });
  }

  private taken(vmId: string, { revision }: FactAnswer): void {
    this.world.facts += 1;
    this.world.book.answered(vmId, revision);
  }

  private marks(vmId: string, manner: Manner): Readonly<Record<string, string | number>> {
    const { version, life } = this.lifeOf(vmId);
    if (manner === 'plain') return {};
    return { version, ...(manner === 'lives' ? { uid: `${vmId}-life-${life}` } : {}) };
  }

  /** `unmarked`: what is said bears no version, and is this VM's. */
  private async untilTaken(method: string, path: string, body: unknown, unmarked?: Life): Promise<FactAnswer> {
    const again = (): void => { if (unmarked !== undefined) unmarked.lateUntil = Date.now() + this.lateMs; };
    const answer = await this.trouble.insist(`${method} ${path}`, (gateway) => gateway.ask(method, path, { withinMs: 4_000, ...(body === undefined ? {} : { body }) }), again);
    return this.read(`${method} ${path}`, answer);
  }

  private read(what: string, answer: HttpAnswer): FactAnswer {
    if (answer.status !== 200 && answer.status !== 202) throw new Error(`${what} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body as FactAnswer;
  }

  private lifeOf(vmId: string): Life {
    const life = this.lives.get(vmId);
    if (life === undefined) throw new Error(`${vmId} has no publisher`);
    return life;
  }
}

/** All that a fact may touch: two who want the same take turns, so that who was first is known. */
function keysOf(vmId: string, said: Said): readonly string[] {
  return [`vm ${vmId}`, ...(said.fqdn === undefined ? [] : [`name ${said.fqdn}`]), ...said.addresses.map(({ ip }) => `ip ${ip}`)];
}

/** Every VM's own, for good. */
export const tenantOf = (at: number): string | undefined => TENANTS[at % 3];

function newFact(at: number, dice: Dice, domains: readonly string[]): Said {
  const label = dice.chance(0.25) ? dice.pick(WANTED_BY_MANY) : dice.chance(0.04) ? `*.wild-${at}` : `host-${at}-${dice.between(0, 3)}`;
  const fqdn = `${label}.${dice.pick(domains)}`;
  const shareName = dice.chance(0.2);
  const tenant = tenantOf(at);
  return { ...(tenant === undefined ? {} : { tenant }), ...(dice.chance(0.05) ? {} : { fqdn, ...(shareName ? { shareName } : {}) }), addresses: addresses(at, dice) };
}

/** Its own, and now and then one that many want. */
function addresses(at: number, dice: Dice): readonly SaidAddress[] {
  const all = [
    `198.51.100.${at}`, `198.51.100.${100 + at}`, `2001:db8:1:0:${at.toString(16)}::1`, `2001:db8:1::${at.toString(16)}:2`, `192.0.2.${at}`, `10.2.0.${at}`, `10.3.0.${at}`,
    ...(dice.chance(0.3) ? [`203.0.113.${200 + dice.between(0, 5)}`] : []),
  ];
  const chosen = all.filter(() => dice.chance(0.3));
  return (chosen.length === 0 ? [dice.pick(all)] : chosen).map((ip): SaidAddress => ({
    ip, ...(dice.chance(0.2) ? { ptr: dice.chance(0.3) ? null : `said-${dice.between(0, 9)}.example` } : {}), ...(dice.chance(0.2) ? { forward: true } : {}),
  }));
}
