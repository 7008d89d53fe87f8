import { Injectable } from '@nestjs/common';
import { Log } from '@vmdns/chassis';
import type { Caller, Hold, RpcReply } from '@vmdns/contracts';
import { badCursor, refused } from '../http/problems.js';
import { Services, valueOf } from './services.js';

export interface HoldQuery { readonly state?: Hold['state'] | undefined; readonly limit: number; readonly cursor?: string | undefined }
export interface HoldList { readonly items: readonly Hold[]; readonly next?: string | undefined }
const SERVICES = ['inventory', 'planner'] as const;
type Keeper = (typeof SERVICES)[number];

/** The holds of the house as one: inventory keeps those of VM deletions, the planner those of zones. */
@Injectable()
export class Holds {
  constructor(private readonly services: Services, private readonly log: Log) {}

  /** Inventory's first, then the planner's; a cursor says whose page comes next. Never a partial list: both must answer. */
  async list({ state, limit, cursor }: HoldQuery): Promise<HoldList> {
    const from = cursorOf(cursor);
    const ask = (keeper: Keeper, most: number, after: string | undefined) => this.services[keeper]['holds-list']({ limit: most, ...(state === undefined ? {} : { state }), ...(after === undefined ? {} : { cursor: after }) });
    const items: Hold[] = [];
    if (from.keeper === 'inventory') {
      const page = valueOf(await ask('inventory', limit, from.after));
      items.push(...page.items);
      if (page.next !== undefined) return { items, next: cursorText('inventory', page.next) };
      if (items.length >= limit) return { items, next: cursorText('planner') };
    }
    const page = valueOf(await ask('planner', limit - items.length, from.keeper === 'planner' ? from.after : undefined));
    return { items: [...items, ...page.items], ...(page.next === undefined ? {} : { next: cursorText('planner', page.next) }) };
  }

  async get(holdId: string, page: { readonly limit: number; readonly cursor?: string | undefined }) {
    const ask = { holdId, limit: page.limit, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) };
    return (await this.#find((keeper) => this.services[keeper]['hold-show'](ask))).value;
  }

  async decide(holdId: string, decision: 'approve' | 'reject', checksum: string | undefined, caller: Caller) {
    const { keeper } = await this.#find((each) => this.services[each]['hold-show']({ holdId, limit: 1 }));
    const outcome = valueOf(await this.services[keeper]['hold-decide']({ holdId, decision, ...(checksum === undefined ? {} : { checksum }), caller }, this.services.slowly));
    this.log.info({ hold: holdId, scope: outcome.hold.scope, decision, released: outcome.released, by: caller.name }, 'hold decided');
    return outcome;
  }

  /** Asks both; the one that knows the hold answers. "No such hold" needs the word of both. */
  async #find<T>(ask: (keeper: Keeper) => Promise<RpcReply<T>>): Promise<{ readonly keeper: Keeper; readonly value: T }> {
    const replies = await Promise.all(SERVICES.map(async (keeper) => ({ keeper, reply: await ask(keeper) })));
    for (const { keeper, reply } of replies) if (reply.ok) return { keeper, value: reply.value };
    for (const { reply } of replies) if (!reply.ok && reply.problem.status !== 404) valueOf(reply);
    throw refused(404, 'there is no such hold');
  }
}

const cursorText = (keeper: Keeper, after = '') => `${keeper}:${after}`;

function cursorOf(text: string | undefined): { readonly keeper: Keeper; readonly after: string | undefined } {
  if (text === undefined) return { keeper: 'inventory', after: undefined };
  const at = text.indexOf(':');
  const keeper = SERVICES.find((each) => each === text.slice(0, at));
  if (keeper === undefined) throw badCursor();
  return { keeper, after: at + 1 < text.length ? text.slice(at + 1) : undefined };
}
