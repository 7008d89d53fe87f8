import { describe, expect, it } from '@jest/globals';
import { Metrics } from './metrics.js';

describe('metrics', () => {
  it('L11 a value that cannot be had is NaN, and the others are there', async () => {
    const metrics = new Metrics();
    metrics.counter('good_total', 'counts').inc();
    metrics.gauge('broken', 'throws at once', [], () => { throw new Error('no'); });
    metrics.gauge('away', 'rejects', [], () => Promise.reject(new Error('no')));
    metrics.gauge('frozen', 'never answers', [], () => new Promise(() => undefined));
    metrics.gauge('well', 'answers', [], () => Promise.resolve(7));
    const text = await metrics.registry.metrics();
    for (const line of ['good_total 1', 'broken Nan', 'away Nan', 'frozen Nan', 'well 7']) expect(text).toContain(line);
  });

  it('asking twice for one name gives the same metric', () => {
    const metrics = new Metrics();
    expect(metrics.counter('a_total', 'a')).toBe(metrics.counter('a_total', 'a'));
  });
});
