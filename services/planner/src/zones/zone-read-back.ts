import { Injectable } from '@nestjs/common';
import { Bus, cloudEvent } from '@vmdns/bus';
import { Clock, Log } from '@vmdns/chassis';
import { type NoticeEvent, subjects, ZoneFeedEvent, type ZoneFeedBody } from '@vmdns/contracts';
import { Store } from '@vmdns/store';

type Notice = NoticeEvent['data'];
interface Known { readonly id: string; readonly revision: number }

const idOf = (body: ZoneFeedBody): string => (body.kind === 'zone' ? body.zoneId : body.connectionId);

/**
 * Zones and connections that were told and are not known here as they were told: what a person did in seconds that
 * PostgreSQL lost. It is not done again without him, and said: in the log, and at its zone.
 */
@Injectable()
export class ZoneReadBack {
  constructor(private readonly store: Store, private readonly bus: Bus, private readonly clock: Clock, private readonly log: Log) {}

  /** Bodies of the zone stream; gives how many were lost. */
  async take(bodies: readonly unknown[], timeline: number): Promise<number> {
    const told = newestOf(bodies);
    const ids = told.map(idOf);
    const rows = await this.store.query<Known>('select id, revision from zone where id = any($1) union all select id, revision from connection where id = any($1)', [ids]);
    const known = new Map(rows.map((row) => [row.id, row.revision]));
    const lost = told.filter((body) => (known.get(idOf(body)) ?? 0) < body.revision);
    for (const body of lost) this.say(body, known.has(idOf(body)), timeline);
    return lost.length;
  }

  private say(body: ZoneFeedBody, isKnown: boolean, timeline: number): void {
    const at = this.clock.now().toISOString();
    const text = sentence(body, isKnown);
    this.log.warn({ timeline, ...(body.kind === 'zone' ? { zone: body.apex, zoneId: body.zoneId } : { connection: body.name, connectionId: body.connectionId }) }, text);
    const about = body.kind === 'zone' ? { zone: body.apex, zoneId: body.zoneId } : {};
    const notice: Notice = { service: 'planner', code: 'lost', text, at, provider: body.provider, ...about };
    // Named after what was lost, so that two replicas say it once.
    this.bus.post([{ subject: subjects.notice.of('planner'), event: cloudEvent('vmdns.fact.ignored.v1', '/planner', notice, { time: at, id: `lost-${timeline}-${idOf(body)}-${body.revision}` }) }]);
  }
}

function sentence(body: ZoneFeedBody, isKnown: boolean): string {
  const what = body.kind === 'zone' ? `the zone ${body.apex} at ${body.provider}` : `the connection ${body.name} to ${body.provider}`;
  const was = body.kind === 'zone' ? (body.state === 'active' ? `mode ${body.mode}, ${body.paused ? 'paused' : 'not paused'}` : body.state) : body.removed ? 'removed' : body.paused ? 'paused' : 'not paused';
  return isKnown
    ? `${what} was changed (${was}) in the seconds that PostgreSQL lost; what it was before counts again. Change it once more`
    : `${what} was added (${was}) in the seconds that PostgreSQL lost, and is not known any more. Add it again: what was written there meanwhile is taken over for an hour`;
}

function newestOf(bodies: readonly unknown[]): readonly ZoneFeedBody[] {
  const newest = new Map<string, ZoneFeedBody>();
  for (const body of bodies) {
    const event = ZoneFeedEvent.safeParse(body);
    for (const { body: fact } of event.success ? event.data.data.changes : []) {
      if ((newest.get(idOf(fact))?.revision ?? 0) < fact.revision) newest.set(idOf(fact), fact);
    }
  }
  return [...newest.values()];
}
