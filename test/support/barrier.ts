import { until } from '@vmdns/local';

/** An answer the target never gave. */
export interface FalseAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What becomes of a call that was stopped. */
export type Decision =
  | { readonly kind: 'release' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'twice' }
  | { readonly kind: 'answer'; readonly answer: FalseAnswer };

interface Held<T> { readonly what: T; readonly decide: (decision: Decision) => void }

/** A place where calls stop until the test says how they go on. */
export class Barrier<T> {
  /** All that ever came here, in order. */
  readonly arrived: T[] = [];
  private readonly held: Held<T>[] = [];
  private open: Decision | undefined;

  constructor(private readonly takeDown: () => void) {}

  /** Stands at the barrier; called by the proxy. */
  wait(what: T): Promise<Decision> {
    this.arrived.push(what);
    if (this.open !== undefined) return Promise.resolve(this.open);
    return new Promise((resolve) => { this.held.push({ what, decide: resolve }); });
  }

  get waiting(): readonly T[] {
    return this.held.map((one) => one.what);
  }

  /** Waits until at least `count` have ever arrived, and gives the last of those. */
  async reached(options: { readonly count?: number; readonly withinMs?: number } = {}): Promise<T> {
    const { count = 1, withinMs = 15_000 } = options;
    return until(() => this.arrived[count - 1], { withinMs, what: `${count} calls at the barrier (${this.arrived.length} came)` }) as Promise<T>;
  }

  /** Those who wait go on as they would have, and so does everybody who comes later. */
  release(): void {
    this.end({ kind: 'release' });
  }

  /** The oldest that waits goes on; the barrier stays. */
  releaseOne(decision: Decision = { kind: 'release' }): void {
    this.held.shift()?.decide(decision);
  }

  /** Their connections break; those who come later go on unharmed. */
  drop(): void {
    this.end({ kind: 'drop' });
  }

  /** They get this answer; those who come later go on unharmed. */
  answer(answer: FalseAnswer): void {
    this.end({ kind: 'answer', answer });
  }

  private end(decision: Decision): void {
    this.takeDown();
    this.open = { kind: 'release' };
    for (const one of this.held.splice(0)) one.decide(decision);
  }
}
