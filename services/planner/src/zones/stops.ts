import { Injectable } from '@nestjs/common';
import { Bus, rpcClient } from '@vmdns/bus';
import { adapterRpc, adapterService, STOPPED_MAX, type StopWord, type ZoneFeedBody } from '@vmdns/contracts';
import { Store } from '@vmdns/store';
import { toConnectionFact, toZoneFact, type ConnectionRow, type ZoneRow } from './zone.row.js';

/** How long an operator waits at most for calls that are out; they are most often over in milliseconds. */
const WAIT_MS = 800;
/** What the way there and back may take more. */
const ASK_MS = 1_200;
const NAMED_MAX = 5;

/** What is told to stop. */
export type StopScope = { readonly kind: 'all' } | { readonly kind: 'zone' | 'connection'; readonly id: string };

/**
 * The stop button's last step: the adapters have heard, and no call to these zones is out any more. Who is not there
 * to say so reads the feed before it writes again; the answer tells which of the two it is.
 */
@Injectable()
export class Stops {
  constructor(private readonly store: Store, private readonly bus: Bus) {}

  async confirm(scope: StopScope): Promise<StopWord> {
    const facts = await this.factsOf(scope);
    const providers = [...new Set(facts.map((fact) => fact.provider))];
    const portions = providers.flatMap((provider) => portionsOf(facts.filter((fact) => fact.provider === provider)).map((changes) => ({ provider, changes })));
    const notes = await Promise.all(portions.map(({ provider, changes }) => this.ask(provider, changes)));
    const note = [...new Set(notes.filter((text) => text !== undefined))].join(' ');
    return note === '' ? { confirmed: true } : { confirmed: false, note };
  }

  /** Of those that stand still now; whoever runs because of something newer is no business of this stop. */
  private async factsOf(scope: StopScope): Promise<readonly ZoneFeedBody[]> {
    const [kind, id] = [scope.kind, scope.kind === 'all' ? null : scope.id];
    const zones = await this.store.query<ZoneRow>(
      `select * from zone where state <> 'removed' and (paused or mode = 'observe') and ($1 = 'all' or ($1 = 'zone' and id = $2) or ($1 = 'connection' and connection_id = $2)) order by id`, [kind, id]);
    const connections = await this.store.query<ConnectionRow>(`select * from connection where paused and not removed and ($1 = 'all' or ($1 = 'connection' and id = $2)) order by id`, [kind, id]);
    return [...connections.map(toConnectionFact), ...zones.map(toZoneFact)];
  }

  /** What may still happen at one provider; undefined: nothing. */
  private async ask(provider: string, changes: readonly ZoneFeedBody[]): Promise<string | undefined> {
    const service = adapterService(provider);
    const reply = await rpcClient(this.bus, service, adapterRpc)['zones-stop']({ changes: [...changes], waitMs: WAIT_MS }, { timeoutMs: ASK_MS });
    if (!reply.ok) return `${reply.problem.detail ?? reply.problem.title}: it may go on until it hears of this, which it does before anything else when it is back.`;
    if (reply.value.writing.length === 0) return undefined;
    const apexes = changes.flatMap((fact) => (fact.kind === 'zone' && reply.value.writing.includes(fact.zoneId) ? [fact.apex] : []));
    const more = apexes.length > NAMED_MAX ? ` and ${apexes.length - NAMED_MAX} more` : '';
    return `A call to ${apexes.length === 0 ? 'a zone' : apexes.slice(0, NAMED_MAX).join(', ')}${more} was still out: it may end, and none follows.`;
  }
}

function portionsOf(facts: readonly ZoneFeedBody[]): readonly (readonly ZoneFeedBody[])[] {
  return Array.from({ length: Math.ceil(facts.length / STOPPED_MAX) }, (_, at) => facts.slice(at * STOPPED_MAX, (at + 1) * STOPPED_MAX));
}
