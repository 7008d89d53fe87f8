import { beforeEach, describe, expect, it } from '@jest/globals';
import { TransientError } from '@vmdns/bus';
import type { Caller } from '@vmdns/contracts';
import { SignIn, type FoundCaller, type Tokens } from './sign-in.js';
import { hashOf, newToken } from './token.js';

/** A token table that keeps state and can be away. */
class FakeTokens implements Tokens {
  readonly rows = new Map<string, FoundCaller>();
  asked = 0;
  isAway = false;

  add(token: string, caller: Caller): void {
    this.rows.set(hashOf(token), { caller, id: `id-${caller.name}`, hash: hashOf(token) });
  }

  findByHash(hash: string) {
    this.asked += 1;
    return this.isAway ? Promise.reject(new TransientError('Postgres is away')) : Promise.resolve(this.rows.get(hash));
  }
}

const caller: Caller = { name: 'panel', role: 'publisher', tenant: 'acme' };
const token = newToken();
let tokens: FakeTokens;
let now: number;
let signIn: SignIn;
beforeEach(() => {
  tokens = new FakeTokens();
  tokens.add(token, caller);
  now = 1_000_000;
  signIn = new SignIn(tokens, { freshMs: 10_000, keptMs: 60_000, lookUpMs: 250 }, () => now);
});

describe('who calls', () => {
  it('knows a token by its hash alone', async () => {
    expect(await signIn.callerOf(token)).toEqual(caller);
    expect(await signIn.callerOf(`${token}x`)).toBeUndefined();
    expect([...tokens.rows.keys()].join()).not.toContain(token);
  });
  it('asks Postgres once for all who come at the same time, and not again while it is fresh', async () => {
    await Promise.all([signIn.callerOf(token), signIn.callerOf(token), signIn.callerOf(token)]);
    now += 9_999;
    await signIn.callerOf(token);
    expect(tokens.asked).toBe(1);
  });
  it('refuses a revoked token at once here, and within the fresh time elsewhere', async () => {
    await signIn.callerOf(token);
    tokens.rows.clear();
    expect(await signIn.callerOf(token)).toEqual(caller);
    now += 10_000;
    expect(await signIn.callerOf(token)).toBeUndefined();
    tokens.add(token, caller);
    await signIn.callerOf(token);
    tokens.rows.clear();
    signIn.forget('id-panel');
    expect(await signIn.callerOf(token)).toBeUndefined();
  });
  it('does not lock out who is known while Postgres is away', async () => {
    await signIn.callerOf(token);
    tokens.isAway = true;
    now += 30_000;
    expect(await signIn.callerOf(token)).toEqual(caller);
    now += 500;
    expect(await signIn.callerOf(token)).toEqual(caller);
    expect(tokens.asked).toBe(2);
  });
  it('answers 503 and not 401 where it cannot know', async () => {
    tokens.isAway = true;
    await expect(signIn.callerOf(token)).rejects.toMatchObject({ problem: { status: 503 } });
    tokens.isAway = false;
    await signIn.callerOf(token);
    tokens.isAway = true;
    now += 60_000;
    await expect(signIn.callerOf(token)).rejects.toMatchObject({ problem: { status: 503 } });
  });
  it('gives up on a look-up that never ends', async () => {
    const silent = new SignIn({ findByHash: () => new Promise(() => undefined) }, { freshMs: 1, keptMs: 1, lookUpMs: 5 }, () => now);
    await expect(silent.callerOf(token)).rejects.toMatchObject({ problem: { status: 503 } });
  });
  it('believes the token of ADMIN_TOKEN_FILE before Postgres was ever there', async () => {
    tokens.isAway = true;
    signIn.remember('the-admin-token-of-a-file', 'admin-token-file', { name: 'admin', role: 'admin', tenant: null });
    expect(await signIn.callerOf('the-admin-token-of-a-file')).toMatchObject({ role: 'admin' });
  });
  it('believes it when Postgres is there and has not stored it yet; once stored, Postgres alone knows', async () => {
    const stored = signIn.remember('the-admin-token-of-a-file', 'admin-token-file', { name: 'admin', role: 'admin', tenant: null });
    now += 10_000;
    expect(await signIn.callerOf('the-admin-token-of-a-file')).toMatchObject({ role: 'admin' });
    stored();
    now += 10_000;
    expect(await signIn.callerOf('the-admin-token-of-a-file')).toBeUndefined();
  });
  it('says once which tokens were used', async () => {
    await signIn.callerOf(token);
    expect(signIn.takeUsed()).toEqual(['id-panel']);
    expect(signIn.takeUsed()).toEqual([]);
  });
});
