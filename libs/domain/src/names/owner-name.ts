import { asciiLabel } from './idna.js';

/** An absolute owner name in canonical form: lower case, ASCII (IDNA), with the dot at the end. `===` compares. */
export type OwnerName = string;

/** What a name parser gives: the canonical name, or one sentence that says what to mend. */
export type ParsedName = { readonly ok: true; readonly name: OwnerName } | { readonly ok: false; readonly message: string };

/** RFC 1035, 2.3.4, in wire octets: one for each label's length and one for the root. */
const WIRE_MAX = 255;
const LABEL_MAX = 63;
const NON_ASCII = /[^ -~]/;

/** Splits at unescaped dots and resolves `\c` and `\DDD`; null where an escape is cut off or above 255. */
function rawLabels(text: string): readonly string[] | null {
  const labels: string[] = [];
  let label = '';
  for (let at = 0; at < text.length; at += 1) {
    const c = text.charAt(at);
    if (c === '.') {
      labels.push(label);
      label = '';
    } else if (c !== '\\') {
      label += c;
    } else {
      const octet = /^\d{3}/.exec(text.slice(at + 1))?.[0];
      const next = octet === undefined ? text.charAt(at + 1) : String.fromCharCode(Number(octet));
      if (next === '' || next.charCodeAt(0) > 255) return null;
      label += next;
      at += octet === undefined ? 1 : 3;
    }
  }
  return [...labels, label];
}

/** The canonical spelling of a label's octets: only what would be misread is escaped (RFC 1035, 5.1; RFC 4343). */
function printLabel(label: string): string {
  return Array.from(label, (c) => {
    if (c === '.' || c === '\\') return `\\${c}`;
    return c > ' ' && c < '\x7f' ? c : `\\${String(c.charCodeAt(0)).padStart(3, '0')}`;
  }).join('');
}

const bad = (message: string): ParsedName => ({ ok: false, message });

/** What is canonical as it stands: most names that we meet have been here before. */
const CANONICAL = /^(?:[a-z0-9_*/-]{1,63}\.)+$/;

/**
 * An absolute name of any kind: `_dmarc.example.com`, `*.example.com.`, `0/26.2.0.192.in-addr.arpa.`. A door's parser:
 * the dot at the end may be left out, and always comes out. Non-ASCII labels become IDNA; `\DDD` becomes the
 * character where that can be printed.
 */
export function parseName(text: string): ParsedName {
  if (text === '.' || (text.length < WIRE_MAX && CANONICAL.test(text))) return { ok: true, name: text };
  if (text === '') return bad('a name may not be empty');
  const split = rawLabels(text);
  if (split === null) return bad(`'${text}' has a broken escape`);
  const hasEscapes = text.includes('\\');
  if (/[\s\p{Cc}]/u.test(text)) return bad(`'${text}' has white space or a control character`);
  if (hasEscapes && NON_ASCII.test(text)) return bad(`'${text}' mixes escapes with characters that are not ASCII`);
  const raw = split.at(-1) === '' ? split.slice(0, -1) : split;
  const labels: string[] = [];
  let octets = 1;
  for (const label of raw) {
    if (label === '') return bad(`'${text}' has an empty label`);
    // Octets that came by an escape are no text, and what a zone has in `xn--` is its owner's affair: only case is folded.
    const isText = !hasEscapes && NON_ASCII.test(label);
    const ascii = isText ? asciiLabel(label) : { ok: true as const, label: label.replace(/[A-Z]/g, (c) => c.toLowerCase()) };
    if (!ascii.ok) return ascii;
    if (ascii.label.length > LABEL_MAX) return bad(`'${text.slice(0, 80)}' has a label longer than 63 characters`);
    octets += ascii.label.length + 1;
    labels.push(printLabel(ascii.label));
  }
  return octets > WIRE_MAX ? bad(`'${text.slice(0, 40)}…' is longer than 255 octets`) : { ok: true, name: `${labels.join('.')}.` };
}

/** `_` for service zones, `/` for classless reverse zones (RFC 2317). */
const APEX = /^(?:[a-z0-9_/-]+\.)+$/;

/** A zone's apex as a person types it: letters, digits, `-`, `_` and `/`; neither the root nor a wildcard. */
export function parseApex(text: string): ParsedName {
  const parsed = parseName(text);
  if (!parsed.ok) return parsed;
  if (parsed.name === '.') return bad('the root cannot be a zone of ours');
  return APEX.test(parsed.name) ? parsed : bad(`'${text}' has a character that a zone's name may not have`);
}
