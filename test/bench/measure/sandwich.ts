import { canary, drops, dropsSince, load } from './machine.js';
import { mean, total } from './numbers.js';

/** What surrounds a part: the canary before and after, what the kernel dropped, and answers of 500 and 429 by PowerDNS. */
export interface PartState { readonly canaryMs: number; readonly listenOverflows: number; readonly synRetransmits: number; readonly troubles: number; readonly load: number }

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
  /** Answers of 500 and 429 so far, where somebody counts them. */
  troubles?(): number;
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
/** So many more than wanted are tried, and no more than again as many, before the machine is called too noisy. */
const MORE_TRIES = 4;
let bestCanary = Number.POSITIVE_INFINITY;

/** The run's best canary so far. */
export const bestCanaryMs = (): number => bestCanary;

/** What the machine can do, before anything is measured: the first is slow, since its code is still cold. */
export function meetCanary(): void {
  for (let times = 0; times < 5; times += 1) bestCanary = Math.min(bestCanary, canary());
}

/** Runs sandwiches until enough are good (PERFORMANCE §8), or gives what there is. */
export async function sandwiches<A, B>(plan: SandwichPlan<A, B>): Promise<Sandwiches<A, B>> {
  const kept: Sandwich<A, B>[] = [];
  const bad: Sandwich<A, B>[] = [];
  const rejected: string[] = [];
  for (let tries = 0; kept.length < plan.wanted && tries < plan.wanted + Math.min(MORE_TRIES, plan.wanted); tries += 1) {
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
    const troubles = (): number => bread.troubles?.() ?? 0;
    const before = await part(states, () => bread.reference(0), troubles);
    const ours = await part(states, () => bread.ours(), troubles);
    const after = await part(states, () => bread.reference(1), troubles);
    return { before, ours, after, states };
  } finally {
    await bread.close();
  }
}

/** Runs one part between two canaries. */
async function part<T>(states: PartState[], work: () => Promise<T>, troubles: () => number = () => 0): Promise<T> {
  const first = canary();
  const was = drops();
  const troublesWere = troubles();
  const done = await work();
  const since = dropsSince(was);
  const canaryMs = Math.max(first, canary());
  bestCanary = Math.min(bestCanary, first, canaryMs);
  states.push({ canaryMs, ...since, troubles: troubles() - troublesWere, load: load() });
  return done;
}

/** What is measured without a reference: one part, and what makes it void, if anything. */
export async function alone<T>(isLatency: boolean, work: () => Promise<T>): Promise<{ readonly value: T; readonly state: PartState | undefined; readonly fault: string | undefined }> {
  const states: PartState[] = [];
  const value = await part(states, work);
  return { value, state: states[0], fault: voidReason(states, isLatency, bestCanary) };
}

function faultOf<A, B>(made: Sandwich<A, B>, plan: SandwichPlan<A, B>): string | undefined {
  const [a, b] = [plan.of(made.before), plan.of(made.after)];
  if (Math.abs(a - b) / mean([a, b]) > DIFFERENCE_MAX) return `its references differ by ${Math.round((Math.abs(a - b) / mean([a, b])) * 100)} %`;
  return voidReason(made.states, plan.isLatency, bestCanary);
}

/** Why these parts say nothing (PERFORMANCE §8): a busy machine; for latencies also whatever made somebody wait for a second try. */
export function voidReason(states: readonly PartState[], isLatency: boolean, bestCanaryMs: number): string | undefined {
  const slow = states.find((state) => state.canaryMs > bestCanaryMs * (1 + DIFFERENCE_MAX));
  if (slow !== undefined) return `the canary took ${Math.round(slow.canaryMs)} ms, at best ${Math.round(bestCanaryMs)} ms`;
  if (!isLatency) return undefined;
  const sum = (of: (state: PartState) => number): number => total(states.map(of));
  const dropped = sum((state) => state.listenOverflows);
  if (dropped > 0) return `the kernel dropped ${dropped} connections`;
  const again = sum((state) => state.synRetransmits);
  if (again > 0) return `${again} connections were asked for twice`;
  const troubles = sum((state) => state.troubles);
  return troubles > 0 ? `PowerDNS answered 500 or 429 ${troubles} times` : undefined;
}
