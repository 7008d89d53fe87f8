import { describe, expect, it } from '@jest/globals';
import { rateNewsOf } from './cloudflare.rate.js';

describe('what Cloudflare says of its limits', () => {
  it.each([
    [{}, undefined],
    [{ ratelimit: '"default";r=50;t=30' }, { left: { calls: 50, forMs: 30_000 } }],
    [{ ratelimit: '"default";r=50;t=30', 'ratelimit-policy': '"default";q=1200;w=300' }, { callsPerSecond: 4, left: { calls: 50, forMs: 30_000 } }],
    [{ ratelimit: '"default";r=900;t=200, "burst";r=60;t=40', 'ratelimit-policy': '"default";q=1200;w=300, "burst";q=100;w=60' }, { callsPerSecond: 100 / 60, left: { calls: 60, forMs: 40_000 } }],
    [{ ratelimit: '"default";r=0;t=12' }, { left: { calls: 0, forMs: 12_000 } }],
    [{ ratelimit: 'r=5;t=1', 'ratelimit-policy': '"x";q=0;w=0' }, undefined],
    [{ ratelimit: '"default";r=many;t=-3, ;;=' }, undefined],
  ])('%j is %j', (headers, news) => expect(rateNewsOf(headers)).toEqual(news));
});
