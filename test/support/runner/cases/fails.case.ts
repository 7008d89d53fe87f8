import { afterAll, expect, it } from '@jest/globals';
import { check } from './shared.js';

it('asserts what is not so', () => { expect(1 + 1).toBe(3); });
it('asserts it in a helper that cases share', () => { check(3); });
it('leaves a rejection', async () => { await Promise.reject(new Error('left')); });
it('takes too long', () => new Promise(() => undefined), 50);
it('holds', () => { check(2); });
afterAll(() => { throw new Error('cleaning up failed'); });
