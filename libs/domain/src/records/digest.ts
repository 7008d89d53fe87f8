import { byText, canonicalValues, type RrsetBody } from './rrset.js';

const rotl = (x: number, by: number) => (x << by) | (x >>> (32 - by));
const mix = (h: number) => {
  let x = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
};
/** Two UTF-16 units; beyond the end NaN, which is 0 as bits. */
const wordAt = (text: string, at: number) => text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16);
const [C1, C2, C3, C4] = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93];
const [ADD1, ADD2, ADD3, ADD4] = [0x561ccd1b, 0x0bcaa747, 0x96cd1c35, 0x32ac3b17];

/**
 * 128 bits of a text as 32 hex digits, after MurmurHash3 x86_128 with one UTF-16 unit as half a word. Not for secrets:
 * it tells contents apart, and nobody gains by making two of his own contents look alike.
 */
export function hash128(text: string): string {
  let h1 = 0;
  let h2 = 0;
  let h3 = 0;
  let h4 = 0;
  for (let at = 0; at < text.length; at += 8) {
    h1 ^= Math.imul(rotl(Math.imul(wordAt(text, at), C1), 15), C2);
    h1 = (Math.imul((rotl(h1, 19) + h2) | 0, 5) + ADD1) | 0;
    h2 ^= Math.imul(rotl(Math.imul(wordAt(text, at + 2), C2), 16), C3);
    h2 = (Math.imul((rotl(h2, 17) + h3) | 0, 5) + ADD2) | 0;
    h3 ^= Math.imul(rotl(Math.imul(wordAt(text, at + 4), C3), 17), C4);
    h3 = (Math.imul((rotl(h3, 15) + h4) | 0, 5) + ADD3) | 0;
    h4 ^= Math.imul(rotl(Math.imul(wordAt(text, at + 6), C4), 18), C1);
    h4 = (Math.imul((rotl(h4, 13) + h1) | 0, 5) + ADD4) | 0;
  }
  h1 ^= text.length;
  h2 ^= text.length;
  h3 ^= text.length;
  h4 ^= text.length;
  const sum = (h1 + h2 + h3 + h4) | 0;
  h1 = mix((h1 + sum) | 0);
  h2 = mix((h2 + sum + 1) | 0);
  h3 = mix((h3 + sum + 2) | 0);
  h4 = mix((h4 + sum + 3) | 0);
  const last = (h1 + h2 + h3 + h4) | 0;
  return hex8(h1 + last) + hex8(h2 + last) + hex8(h3 + last) + hex8(h4 + last);
}

const hex8 = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');

/** JSON keeps the parts apart: no value can pretend to be two. */
const textOf = (type: string, ttl: number, values: readonly string[]) => JSON.stringify([type, ttl, values]);

/** The digest of one RRset's type, TTL and values, in whatever order they come; the owner name takes no part (L3). */
export function rrsetDigest(rrset: RrsetBody): string {
  return hash128(textOf(rrset.type, rrset.ttl, canonicalValues(rrset.type, rrset.values)));
}

/** The digest of all RRsets that a name shall have, in whatever order; of none too (L3). */
export function desiredDigest(rrsets: readonly RrsetBody[]): string {
  return digestOfCanonical(rrsets.map(({ type, ttl, values }) => ({ type, ttl, values: canonicalValues(type, values) })));
}

/** The same for RRsets whose values are canonical and sorted as they stand. */
export function digestOfCanonical(rrsets: readonly RrsetBody[]): string {
  const texts = rrsets.map(({ type, ttl, values }) => textOf(type, ttl, values));
  return hash128(texts.length === 1 ? texts[0] ?? '' : texts.sort(byText).join('\n'));
}
