import type { Overview } from '@vmdns/contracts';
import type { Services } from './services.js';

const MINUTES = 30;
const HOLDS_COUNTED = 100;

/** Asks all at once; counting may take as long as a search. What does not answer is said to be silent, and the rest is shown (L8). */
export async function overviewOf(services: Pick<Services, 'inventory' | 'planner' | 'log' | 'slowly'>): Promise<Overview> {
  const [planning, rates, holds] = await Promise.all([services.planner.overview({}, services.slowly), services.log.rates({ minutes: MINUTES }, services.slowly), services.inventory['holds-list']({ state: 'open', limit: HOLDS_COUNTED })]);
  const known = planning.ok ? planning.value : {};
  const openHolds = (planning.ok ? planning.value.openHolds : 0) + (holds.ok ? holds.value.items.length : 0);
  return {
    ...known, ...(rates.ok ? { minutes: rates.value.minutes } : {}), ...(planning.ok || holds.ok ? { openHolds } : {}),
    silent: [...(holds.ok ? [] : ['inventory' as const]), ...(planning.ok ? [] : ['planner' as const]), ...(rates.ok ? [] : ['log' as const])],
  };
}
