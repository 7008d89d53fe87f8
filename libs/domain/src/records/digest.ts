import { byText, canonicalValues, type RrsetBody } from './rrset.js';

const rotl = (x: number, by: number) => (x << by) | (x >>> (32 - by));
const mix = (h: number) => {
  let x = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
};
const C = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93] as const;
const ADD = [0x561ccd1b, 0x0bcaa747, 0x96cd1c35, 0x32ac3b17] as const;

/**
 * 128 bits of a text as 32 hex digits, after MurmurHash3 x86_128 with one UTF-16 unit as half a word. Not for secrets:
 * it tells contents apart, and nobody gains by making two of his own contents look alike.
 */
export function hash128(text: string): string {
  let [h1, h2, h3, h4] = [0, 0, 0, 0];
  const word = (at: number) => (text.charCodeAt(at) || 0) | ((text.charCodeAt(at + 1) || 0) << 16);
  for (let at = 0; at < text.length; at += 8) {
    h1 ^= Math.imul(rotl(Math.imul(word(at), C[0]), 15), C[1]);
    h1 = (Math.imul((rotl(h1, 19) + h2) | 0, 5) + ADD[0]) | 0;
    h2 ^= Math.imul(rotl(Math.imul(word(at + 2), C[1]), 16), C[2]);
    h2 = (Math.imul((rotl(h2, 17) + h3) | 0, 5) + ADD[1]) | 0;
    h3 ^= Math.imul(rotl(Math.imul(word(at + 4), C[2]), 17), C[3]);
    h3 = (Math.imul((rotl(h3, 15) + h4) | 0, 5) + ADD[2]) | 0;
    h4 ^= Math.imul(rotl(Math.imul(word(at + 6), C[3]), 18), C[0]);
    h4 = (Math.imul((rotl(h4, 13) + h1) | 0, 5) + ADD[3]) | 0;
  }
  const ends = [h1, h2, h3, h4].map((h) => h ^ text.length);
  const sum = ends.reduce((a, b) => (a + b) | 0, 0);
  const mixed = ends.map((h, at) => mix((h + sum + at) | 0));
  const last = mixed.reduce((a, b) => (a + b) | 0, 0);
  return mixed.map((h) => ((h + last) >>> 0).toString(16).padStart(8, '0')).join('');
}

/** JSON keeps the parts apart: no value can pretend to be two. */
const textOf = (rrset: RrsetBody) => JSON.stringify([rrset.type, rrset.ttl, canonicalValues(rrset.type, rrset.values)]);

/** The digest of one RRset's type, TTL and values, in whatever order they come; the owner name takes no part (L3). */
export function rrsetDigest(rrset: RrsetBody): string {
  return hash128(textOf(rrset));
}

/** The digest of all RRsets that a name shall have, in whatever order; of none too (L3). */
export function desiredDigest(rrsets: readonly RrsetBody[]): string {
  return hash128(rrsets.map(textOf).sort(byText).join('\n'));
}
