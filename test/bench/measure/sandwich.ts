import { canary, drops, dropsSince, load } from './machine.js';
import { mean } from './numbers.js';

/** What surrounds a part: the canary before and after, and what the kernel dropped. */
export interface PartState { readonly canaryMs: number; readonly listenOverflows: number; readonly synRetransmits: number; readonly load: number }

/** One reference, ours, reference; `A` and `B` are what each says of itself. */
export interface Sandwich<A, B> {
  readonly before: A;
  readonly ours: B;
  readonly after: A;
  readonly states: readonly PartState[];
}

/** Everything of one sandwich: fresh servers, three parts. */
export interface Bread<A, B> {
  reference(part: 0 | 1): Promise<A>;
  ours(): Promise<B>;
  close(): Promise<void>;
}

export interface SandwichPlan<A, B> {
  readonly name: string;
  readonly wanted: number;
  readonly fresh: () => Promise<Bread<A, B>>;
  /** The one number by which two references are compared. */
  readonly of: (reference: A) => number;
  readonly say: (line: string) => void;
  /** Dropped connections void a latency, not a rate. */
  readonly isLatency: boolean;
}

export interface Sandwiches<A, B> {
  /** The good ones; where there was none, all, and no verdict follows from them. */
  readonly kept: readonly Sandwich<A, B>[];
  readonly isNoisy: boolean;
  /** Why others were thrown away. */
  readonly rejected: readonly string[];
}

const DIFFERENCE_MAX = 0.15;
/** So many more than wanted are tried before the machine is called too noisy. */
const MORE_TRIES = 4;
let bestCanary = Number.POSITIVE_INFINITY;

/** The run's best canary so far. */
export const bestCanaryMs = (): number => bestCanary;

/** Runs sandwiches until enough are good (PERFORMANCE §8), or gives what there is. */
export async function sandwiches<A, B>(plan: SandwichPlan<A, B>): Promise<Sandwiches<A, B>> {
  const kept: Sandwich<A, B>[] = [];
  const bad: Sandwich<A, B>[] = [];
  const rejected: string[] = [];
  for (let tries = 0; kept.length < plan.wanted && tries < plan.wanted + MORE_TRIES; tries += 1) {
    const made = await one(plan);
    const fault = faultOf(made, plan);
    if (fault === undefined) kept.push(made);
    else {
      rejected.push(fault);
      bad.push(made);
      plan.say(`${plan.name}: a sandwich was thrown away: ${fault}`);
    }
  }
  return kept.length > 0 ? { kept, isNoisy: false, rejected } : { kept: bad, isNoisy: true, rejected };
}

async function one<A, B>(plan: SandwichPlan<A, B>): Promise<Sandwich<A, B>> {
  const bread = await plan.fresh();
  try {
    const states: PartState[] = [];
    const before = await part(states, () => bread.reference(0));
    const ours = await part(states, () => bread.ours());
    const after = await part(states, () => bread.reference(1));
    return { before, ours, after, states };
  } finally {
    await bread.close();
  }
}

/** Runs one part between two canaries. */
export async function part<T>(states: PartState[], work: () => Promise<T>): Promise<T> {
  const first = canary();
  const was = drops();
  const done = await work();
  const since = dropsSince(was);
  const canaryMs = Math.max(first, canary());
  bestCanary = Math.min(bestCanary, first, canaryMs);
  states.push({ canaryMs, ...since, load: load() });
  return done;
}

function faultOf<A, B>(made: Sandwich<A, B>, plan: SandwichPlan<A, B>): string | undefined {
  const [a, b] = [plan.of(made.before), plan.of(made.after)];
  if (Math.abs(a - b) / mean([a, b]) > DIFFERENCE_MAX) return `its references differ by ${Math.round((Math.abs(a - b) / mean([a, b])) * 100)} %`;
  const slow = made.states.find((state) => state.canaryMs > bestCanary * (1 + DIFFERENCE_MAX));
  if (slow !== undefined) return `the canary took ${Math.round(slow.canaryMs)} ms, at best ${Math.round(bestCanary)} ms`;
  const overflows = made.states.reduce((sum, state) => sum + state.listenOverflows, 0);
  if (plan.isLatency && overflows > 0) return `the kernel dropped ${overflows} connections`;
  return undefined;
}
