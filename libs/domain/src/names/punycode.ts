/** Punycode (RFC 3492): the ASCII form of one label's code points, without the `xn--`. */

const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const BIAS_FIRST = 72;
const N_FIRST = 128;
const CODE_POINT_MAX = 0x10ffff;
const DIGITS = 'abcdefghijklmnopqrstuvwxyz0123456789';

function adapt(delta: number, points: number, isFirst: boolean): number {
  let rest = isFirst ? Math.floor(delta / DAMP) : Math.floor(delta / 2);
  rest += Math.floor(rest / points);
  let k = 0;
  while (rest > Math.floor(((BASE - T_MIN) * T_MAX) / 2)) {
    rest = Math.floor(rest / (BASE - T_MIN));
    k += BASE;
  }
  return k + Math.floor(((BASE - T_MIN + 1) * rest) / (rest + SKEW));
}

const threshold = (k: number, bias: number) => Math.min(T_MAX, Math.max(T_MIN, k - bias));

function encodeDelta(delta: number, bias: number): string {
  let out = '';
  let q = delta;
  for (let k = BASE; ; k += BASE) {
    const t = threshold(k, bias);
    if (q < t) return out + (DIGITS[q] ?? '');
    out += DIGITS[t + ((q - t) % (BASE - t))] ?? '';
    q = Math.floor((q - t) / (BASE - t));
  }
}

/** Encodes a label; pure ASCII comes back with a `-` at its end, as the RFC says, so ask only for others. */
export function punycodeEncode(label: string): string {
  const points = Array.from(label, (c) => c.codePointAt(0) ?? 0);
  const basic = points.filter((p) => p < N_FIRST);
  let out = String.fromCodePoint(...basic) + (basic.length > 0 ? '-' : '');
  let n = N_FIRST;
  let delta = 0;
  let bias = BIAS_FIRST;
  let handled = basic.length;
  while (handled < points.length) {
    const next = points.reduce((least, p) => (p >= n && p < least ? p : least), CODE_POINT_MAX + 1);
    delta += (next - n) * (handled + 1);
    n = next;
    for (const p of points) {
      if (p < n) delta += 1;
      if (p !== n) continue;
      out += encodeDelta(delta, bias);
      bias = adapt(delta, handled + 1, handled === basic.length);
      delta = 0;
      handled += 1;
    }
    delta += 1;
    n += 1;
  }
  return out;
}

/** Decodes what stands after `xn--`; null where it is no punycode. */
export function punycodeDecode(text: string): string | null {
  const cut = text.lastIndexOf('-');
  const points = cut > 0 ? Array.from(text.slice(0, cut), (c) => c.codePointAt(0) ?? 0) : [];
  if (points.some((p) => p >= N_FIRST)) return null;
  let at = cut > 0 ? cut + 1 : 0;
  let n = N_FIRST;
  let i = 0;
  let bias = BIAS_FIRST;
  while (at < text.length) {
    const before = i;
    for (let k = BASE, weight = 1; ; k += BASE) {
      const digit = at < text.length ? DIGITS.indexOf(text.charAt(at)) : -1;
      at += 1;
      if (digit < 0) return null;
      i += digit * weight;
      if (i > Number.MAX_SAFE_INTEGER / BASE) return null;
      const t = threshold(k, bias);
      if (digit < t) break;
      weight *= BASE - t;
    }
    bias = adapt(i - before, points.length + 1, before === 0);
    n += Math.floor(i / (points.length + 1));
    i %= points.length + 1;
    if (n > CODE_POINT_MAX) return null;
    points.splice(i, 0, n);
    i += 1;
  }
  return String.fromCodePoint(...points);
}
