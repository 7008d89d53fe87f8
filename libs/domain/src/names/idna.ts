import { punycodeDecode, punycodeEncode } from './punycode.js';

export type AsciiLabel = { readonly ok: true; readonly label: string } | { readonly ok: false; readonly message: string };

const LABEL_MAX = 63;
/** Letters, digits and marks of any script, and the hyphen: what RFC 5892 allows, near enough without its tables. */
const U_LABEL = /^[\p{L}\p{N}\p{M}-]+$/u;
const isAscii = (text: string) => /^[ -~]*$/.test(text);

function faultOfUnicode(label: string, lower: string): string | null {
  if (lower !== lower.normalize('NFKC')) return `'${label}' has a compatibility character (such as a full-width letter); write it plainly`;
  if (!U_LABEL.test(lower)) return `'${label}' has a character that a name may not have`;
  if (/^\p{M}/u.test(lower)) return `'${label}' begins with a combining mark`;
  return null;
}

/**
 * One label, canonical: lower case, NFC, IDNA to ASCII (RFC 5891). ASCII labels only become lower case; whether their
 * characters are allowed is the caller's rule. An `xn--` label must be what its decoded form encodes to.
 */
export function asciiLabel(label: string): AsciiLabel {
  const lower = label.normalize('NFC').toLowerCase().normalize('NFC');
  if (!isAscii(lower)) {
    const fault = faultOfUnicode(label, lower);
    if (fault !== null) return { ok: false, message: fault };
    const ascii = `xn--${punycodeEncode(lower)}`;
    return ascii.length > LABEL_MAX ? { ok: false, message: `'${label}' is longer than 63 characters in its ASCII form` } : { ok: true, label: ascii };
  }
  if (lower.length > LABEL_MAX) return { ok: false, message: `the label '${lower.slice(0, 20)}…' is longer than 63 characters` };
  if (lower.startsWith('xn--')) {
    const decoded = punycodeDecode(lower.slice(4));
    if (decoded === null || isAscii(decoded) || faultOfUnicode(lower, decoded) !== null || `xn--${punycodeEncode(decoded)}` !== lower) return { ok: false, message: `'${lower}' is not valid IDNA (RFC 5891)` };
  }
  return { ok: true, label: lower };
}
