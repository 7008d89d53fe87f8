const MASK = '[secret]';
/** Shorter ones would mask ordinary words. */
const SHORTEST = 6;
/** Lone `token` or `password` too; not `tokens` or `monkey`. */
const SECRET_KEY = /(^|[a-z0-9]_|[a-z0-9]-|[a-z0-9](?=[A-Z]))(password|passwd|pwd|secret|token|api[-_]?key|private[-_]?key|access[-_]?key|authorization|cookie|credentials?|sealed|jwk)$/i;
const DEEPEST = 8;

const secrets = new Set<string>();
let pattern: RegExp | undefined;

/** Values that must never be seen: registered while the process runs, masked in everything it logs (L10). */
export function registerSecret(value: string): void {
  if (value.length < SHORTEST || secrets.has(value)) return;
  for (const form of [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), Buffer.from(value).toString('base64')]) secrets.add(form);
  const longestFirst = [...secrets].toSorted((a, b) => b.length - a.length);
  pattern = new RegExp(longestFirst.map((secret) => secret.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join('|'), 'g');
}

/** The text with every registered secret masked. */
export function redact(text: string): string {
  return pattern === undefined ? text : text.replace(pattern, MASK);
}

/** A copy of fields for a log line: what lies under a secret's name is masked, whatever it is. */
export function redactFields(value: unknown, depth = 0): unknown {
  if (value === null || typeof value !== 'object') return typeof value === 'bigint' ? Number(value) : value;
  if (value instanceof Date) return value;
  if (depth >= DEEPEST) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => redactFields(item, depth + 1));
  if (value instanceof Uint8Array) return `[${value.byteLength} bytes]`;
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [String(key), SECRET_KEY.test(String(key)) && item !== undefined && item !== null ? MASK : redactFields(item, depth + 1)]));
}
