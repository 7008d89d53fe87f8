import type { RateNews } from '@vmdns/provider-kit';

/** `"default";r=50;t=30, "burst";r=9;t=2` → the parameters of each item. */
function itemsOf(header: string | undefined): readonly Readonly<Record<string, number>>[] {
  if (header === undefined || header.length > 1_000) return [];
  return header.split(',').map((item) => Object.fromEntries(
    item.split(';').slice(1).flatMap((parameter): readonly (readonly [string, number])[] => {
      const [key = '', value = ''] = parameter.trim().split('=');
      const amount = Number(value);
      return key === '' || value === '' || !Number.isFinite(amount) || amount < 0 ? [] : [[key, amount]];
    }),
  ));
}

/**
 * What `Ratelimit` (r calls left for t seconds) and `Ratelimit-Policy` (q calls in w seconds) say: of several policies
 * the tightest counts.
 */
export function rateNewsOf(headers: Readonly<Record<string, string>>): RateNews | undefined {
  const policies = itemsOf(headers['ratelimit-policy']).flatMap(({ q, w }) => (q === undefined || w === undefined || w === 0 || q === 0 ? [] : [q / w]));
  const limits = itemsOf(headers['ratelimit']).flatMap(({ r, t }) => (r === undefined || t === undefined || t === 0 ? [] : [{ calls: Math.floor(r), forMs: t * 1_000 }]));
  const [tightest] = limits.sort((a, b) => a.calls / a.forMs - b.calls / b.forMs);
  if (policies.length === 0 && tightest === undefined) return undefined;
  return { ...(policies.length === 0 ? {} : { callsPerSecond: Math.min(...policies) }), ...(tightest === undefined ? {} : { left: tightest }) };
}
