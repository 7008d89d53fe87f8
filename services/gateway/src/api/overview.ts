import type { AdapterStanding, Lag, Overview } from '@vmdns/contracts';
import type { Services } from './services.js';

const MINUTES = 30;
const HOLDS_COUNTED = 100;

type Asked = Pick<Services, 'inventory' | 'planner' | 'log' | 'adapter' | 'slowly'>;

/** Asks all at once; counting may take as long as a search. What does not answer is said to be silent, and the rest is shown (L8). */
export async function overviewOf(services: Asked): Promise<Overview> {
  const [planning, rates, holds, intake] = await Promise.all([
    services.planner.overview({}, services.slowly).then(async (reply) => ({ reply, adapters: reply.ok ? await standingsOf(services, reply.value.providers) : [] })),
    services.log.rates({ minutes: MINUTES }, services.slowly), services.inventory['holds-list']({ state: 'open', limit: HOLDS_COUNTED }), services.inventory.standing({}),
  ]);
  const { reply, adapters } = planning;
  const openHolds = (reply.ok ? reply.value.openHolds : 0) + (holds.ok ? holds.value.items.length : 0);
  return {
    ...(reply.ok ? { ...reply.value, connections: reply.value.connections.map((one) => ({ ...one, ...standingOf(adapters, one.id) })) } : {}),
    ...(rates.ok ? { minutes: rates.value.minutes } : {}), ...(reply.ok || holds.ok ? { openHolds } : {}),
    lag: lagOf([intake.ok ? intake.value.lag : {}, reply.ok ? reply.value.lag ?? {} : {}, rates.ok ? rates.value.lag ?? {} : {}], adapters),
    silent: [...(holds.ok ? [] : ['inventory' as const]), ...(reply.ok ? [] : ['planner' as const]), ...(rates.ok ? [] : ['log' as const])],
  };
}

/** Of the adapters that are heard of; one that does not answer is left out. */
async function standingsOf(services: Asked, providers: NonNullable<Overview['providers']>): Promise<readonly AdapterStanding[]> {
  const replies = await Promise.all(providers.filter((one) => one.isHeard).map((one) => services.adapter(one.name).standing({})));
  return replies.flatMap((reply) => reply.ok ? [reply.value] : []);
}

function standingOf(adapters: readonly AdapterStanding[], connectionId: string) {
  const found = adapters.flatMap((adapter) => adapter.connections).find((one) => one.connectionId === connectionId);
  return found === undefined ? {} : { budget: found.budget, ...(found.lastError === undefined ? {} : { lastError: found.lastError }) };
}

/** Readers of the same messages: the one that is further behind counts. Adapters each have their own. */
function lagOf(parts: readonly Lag[], adapters: readonly AdapterStanding[]): Lag {
  const most = (waiting: readonly (number | undefined)[], join: (...values: number[]) => number) => { const known = waiting.filter((one) => one !== undefined); return known.length === 0 ? undefined : join(...known); };
  const [facts, events, results] = (['facts', 'events', 'results'] as const).map((arrow) => most(parts.map((part) => part[arrow]), Math.max));
  const commands = most(adapters.map((adapter) => adapter.lag.commands), (...values) => values.reduce((sum, waiting) => sum + waiting, 0));
  return { ...(facts === undefined ? {} : { facts }), ...(events === undefined ? {} : { events }), ...(commands === undefined ? {} : { commands }), ...(results === undefined ? {} : { results }) };
}
