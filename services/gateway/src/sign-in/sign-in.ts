import { timingSafeEqual } from 'node:crypto';
import { isTransient } from '@vmdns/bus';
import type { Caller } from '@vmdns/contracts';
import { unavailable } from '../http/problems.js';
import { hashOf } from './token.js';

/** Who holds a secret, as the store knows it: `id` is the token's. */
export interface FoundCaller { readonly id: string; readonly hash: string; readonly caller: Caller }

/** What sign-in needs of the token table. */
export interface Tokens {
  findByHash(hash: string): Promise<FoundCaller | undefined>;
}

export interface SignInLimits {
  /** So long a found token is believed without asking again: the longest time that a revoked one still works. */
  readonly freshMs: number;
  /** So long a token that was once found is believed while Postgres does not answer. */
  readonly keptMs: number;
  /** A look-up that takes longer counts as no answer. */
  readonly lookUpMs: number;
}

interface Known { readonly caller: Caller; readonly id: string; askedAt: number }

const KNOWN_MAX = 10_000;
/** After a look-up without an answer, those we know are believed so long without another try. */
const PAUSE_MS = 1000;

/** Who holds a token. Keeps callers in memory, so that a dead Postgres locks out nobody it knew. */
export class SignIn {
  readonly #known = new Map<string, Known>();
  readonly #used = new Set<string>();
  readonly #asking = new Map<string, Promise<Caller | undefined>>();
  /** Tokens that the store shall know and does not yet. */
  readonly #unstored = new Map<string, Known>();
  #awaySince = -Infinity;

  constructor(private readonly tokens: Tokens, private readonly limits: SignInLimits, private readonly now: () => number) {}

  /** Undefined: nobody (a 401). Throws a 503 problem where Postgres is away and the token was not seen lately. */
  async callerOf(token: string): Promise<Caller | undefined> {
    const hash = hashOf(token);
    const known = this.#known.get(hash);
    const age = known === undefined ? Infinity : this.now() - known.askedAt;
    const asleep = this.now() - this.#awaySince < PAUSE_MS;
    if (known !== undefined && (age < this.limits.freshMs || (asleep && age < this.limits.keptMs))) return this.#use(known);
    try {
      return await this.#lookUp(hash);
    } catch (error) {
      if (!isTransient(error)) throw error;
      this.#awaySince = this.now();
      if (known !== undefined && age < this.limits.keptMs) return this.#use(known);
      throw unavailable('the store of tokens does not answer, so it cannot be said whose token this is');
    }
  }

  /** Believes a token until the store knows it: the one of ADMIN_TOKEN_FILE, which the operator gave us himself. Gives what to say when it does. */
  remember(token: string, id: string, caller: Caller): () => void {
    const hash = hashOf(token);
    const known = { id, caller, askedAt: this.now() };
    this.#known.set(hash, known);
    this.#unstored.set(hash, known);
    return () => { this.#unstored.delete(hash); };
  }

  /** Forgets a revoked token at once; other replicas do so within `freshMs`. */
  forget(id: string): void {
    for (const [hash, known] of this.#known) if (known.id === id) this.#known.delete(hash);
  }

  /** Forgets one secret: its session was closed. */
  forgetSecret(secret: string): void {
    this.#known.delete(hashOf(secret));
  }

  /** Ids of the tokens used since the last call. */
  takeUsed(): readonly string[] {
    const ids = [...this.#used];
    this.#used.clear();
    return ids;
  }

  /** One look-up for all who ask for the same token at the same time. */
  #lookUp(hash: string): Promise<Caller | undefined> {
    const running = this.#asking.get(hash);
    if (running !== undefined) return running;
    const asked = within(this.limits.lookUpMs, this.tokens.findByHash(hash)).then((row) => {
      const own = this.#unstored.get(hash);
      if (row === undefined && own !== undefined) return this.#use(own);
      if (row === undefined || !sameText(row.hash, hash)) { this.#known.delete(hash); return undefined; }
      const known: Known = { id: row.id, caller: row.caller, askedAt: this.now() };
      this.#keep(hash, known);
      return this.#use(known);
    }).finally(() => { this.#asking.delete(hash); });
    this.#asking.set(hash, asked);
    return asked;
  }

  #keep(hash: string, known: Known): void {
    this.#known.delete(hash);
    this.#known.set(hash, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KNOWN_MAX && oldest !== undefined) this.#known.delete(oldest);
  }

  #use(known: Known): Caller {
    this.#used.add(known.id);
    return known.caller;
  }
}

/** The store did not answer in time. */
class NoAnswer extends Error {
  readonly isTransient = true;
  override readonly name = 'NoAnswer';
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => { reject(new NoAnswer(`no answer of Postgres within ${ms} ms`)); }, ms);
    work.then(resolve, reject).finally(() => { clearTimeout(timer); });
  });
}

const sameText = (a: string, b: string) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
