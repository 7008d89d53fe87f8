import { asciiLabel } from './idna.js';
import type { ParsedName } from './owner-name.js';

/** RFC 1123, 2.1: letters, digits and inner hyphens. */
const HOST_LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const TEXT_MAX = 253;

const bad = (message: string): ParsedName => ({ ok: false, message });

function hostLabels(text: string): { readonly ok: true; readonly labels: readonly string[] } | { readonly ok: false; readonly message: string } {
  if (text === '') return { ok: false, message: 'a host name may not be empty' };
  const labels: string[] = [];
  for (const label of text.split('.')) {
    if (label === '') return { ok: false, message: `'${text}' has an empty label` };
    const ascii = asciiLabel(label);
    if (!ascii.ok) return ascii;
    if (!HOST_LABEL.test(ascii.label)) return { ok: false, message: `'${label}' must be letters, digits and inner hyphens (RFC 1123)` };
    labels.push(ascii.label);
  }
  if (labels.join('.').length > TEXT_MAX) return { ok: false, message: `'${text.slice(0, 40)}…' is longer than 253 characters` };
  return { ok: true, labels };
}

const isNumeric = (label: string | undefined) => /^\d+$/.test(label ?? '');

/** A VM's host name, relative to its domain: one or more labels, no dot at the end, nothing that reads as an address. */
export function parseHostname(text: string): ParsedName {
  const host = hostLabels(text);
  if (!host.ok) return host;
  if (host.labels.length > 1 && host.labels.every(isNumeric)) return bad(`'${text}' looks like an address, not a host name`);
  return { ok: true, name: host.labels.join('.') };
}

/** A full host name: two labels or more, a dot at the end or not at the door, absolute when parsed. */
export function parseFqdn(text: string): ParsedName {
  const host = hostLabels(text.endsWith('.') ? text.slice(0, -1) : text);
  if (!host.ok) return host;
  if (host.labels.length < 2) return bad(`'${text}' needs a domain: two labels or more`);
  if (isNumeric(host.labels.at(-1))) return bad(`'${text}' ends in a number; no domain does`);
  return { ok: true, name: `${host.labels.join('.')}.` };
}

/** A full host name that may begin with `*.` (RFC 4592): forward records only, a wildcard gets no PTR. */
export function parseFqdnOrWildcard(text: string): ParsedName {
  if (!text.startsWith('*.')) return parseFqdn(text);
  const rest = parseFqdn(text.slice(2));
  if (!rest.ok) return rest;
  return rest.name.length + 2 > TEXT_MAX + 1 ? bad(`'${text.slice(0, 40)}…' is longer than 253 characters`) : { ok: true, name: `*.${rest.name}` };
}

/** Whether the leftmost label is `*`. */
export const isWildcard = (name: string): boolean => name.startsWith('*.');
