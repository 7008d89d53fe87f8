import type { Dice } from './dice.js';
import { reverseOf } from './book.js';
import type { Trouble } from './trouble.js';
import type { ForeignRrset } from './sites.js';
import { COMERS, type World } from './world.js';

/** Octets in no classless zone: beside a CNAME nothing can be written. */
const BESIDE_POINTERS = [...Array.from({ length: 63 }, (_, at) => at + 1), ...Array.from({ length: 127 }, (_, at) => at + 128)];

/** People who write DNS by hand. */
export class Others {
  written = 0;

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
      const zones = [...this.world.zones.values()].filter((zone) => !COMERS.some(({ apex }) => apex === zone.apex) && this.world.site(zone.server).bearsOthers);
      const { server, apex } = dice.pick(zones);
      const label = dice.pick(['still-5', 'still-10', `host-${dice.between(1, 40)}-${dice.between(0, 3)}`, `other-${dice.between(0, 20)}`]);
      const name = apex.endsWith('.ip6.arpa.') ? `other-${dice.between(0, 20)}.${apex}` : apex.endsWith('.arpa.') ? `${dice.pick(BESIDE_POINTERS)}.${apex}` : `${label}.${apex}`;
      const what = dice.pick([rrset(name, 'TXT', [`"written ${dice.between(0, 999)}"`]), rrset(name, 'MX', [`10 mx${dice.between(0, 9)}.example.`]), rrset(name, 'SRV', [`0 0 ${dice.between(1, 999)} srv.example.`])]);
      await this.insist(() => this.world.byHand(server, apex, what));
    }
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

