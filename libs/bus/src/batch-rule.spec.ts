import { describe, expect, it } from '@jest/globals';
import { settleByHalves } from './batch-rule.js';
import { TransientError } from './errors.js';

async function settle(items: readonly string[], fails: (items: readonly string[]) => Error | undefined): Promise<{ results: readonly string[]; calls: readonly string[] }> {
  const calls: string[] = [];
  const results = await settleByHalves(items, {
    call: async (some) => {
      calls.push(some.join(''));
      const error = fails(some);
      if (error !== undefined) throw error;
      return some.map((item) => `${item}+`);
    },
    onTransient: (item) => `${item}~`,
    onCulprit: (item, error) => `${item}! ${error instanceof Error ? error.message : ''}`,
  });
  return { results, calls };
}

describe('the batch rule', () => {
  it('calls once when nothing fails', async () => {
    expect(await settle([...'abcd'], () => undefined)).toEqual({ results: ['a+', 'b+', 'c+', 'd+'], calls: ['abcd'] });
  });

  it('L7 halves until the culprit stands alone and the rest has landed, in order', async () => {
    const { results, calls } = await settle([...'abXde'], (items) => (items.includes('X') ? new Error('no X') : undefined));
    expect(results).toEqual(['a+', 'b+', 'X! no X', 'd+', 'e+']);
    expect(calls).toEqual(['abXde', 'abX', 'ab', 'X', 'de']);
  });

  it('blames nobody for a transient error', async () => {
    const { results, calls } = await settle([...'abcd'], () => new TransientError('away'));
    expect({ results, calls }).toEqual({ results: ['a~', 'b~', 'c~', 'd~'], calls: ['abcd'] });
  });

  it('keeps what has landed when the world goes away in between', async () => {
    let calls = 0;
    const { results } = await settle([...'abXd'], (items) => {
      calls += 1;
      if (calls > 2) return new TransientError('away');
      return items.includes('X') ? new Error('no X') : undefined;
    });
    expect(results).toEqual(['a+', 'b+', 'X~', 'd~']);
  });

  it('takes a wrong number of outcomes for a bug of the handler', async () => {
    const results = await settleByHalves(['a', 'b'], { call: async () => ['one'], onTransient: () => '~', onCulprit: (item) => `${item}!` });
    expect(results).toEqual(['one', 'one']);
    const none = await settleByHalves(['a'], { call: async () => [], onTransient: () => '~', onCulprit: (item, error) => `${item}! ${error instanceof Error ? error.message : ''}` });
    expect(none).toEqual(['a! the handler gave 0 outcomes for 1 items']);
  });

  it('gives nothing for nothing', async () => {
    expect(await settle([], () => new Error('never'))).toMatchObject({ results: [] });
  });
});
