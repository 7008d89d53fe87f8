const MASK = '[secret]';
const SECRET_NAME = /passw|passwd|\bpwd\b|secret|token|api[-_]?key|private[-_]?key|access[-_]?key|authorization|cookie|credential|sealed|jwk/i;
/** Where it is no JSON: a secret's name, what parts it from its value, and the value. */
const IN_TEXT = /((?:passw(?:or)?d|secret|token|api[-_]?key|private[-_]?key|access[-_]?key|authorization|cookie|credentials?)["']?\s*[:=]\s*)("[^"]*"?|'[^']*'?|(?:bearer |basic )?[^\s,;}&]+)/gi;

/** A message with everything masked that a secret's name stands before (L10). */
export function maskedPayload(payload: string): string {
  try {
    return JSON.stringify(maskedValue(JSON.parse(payload)));
  } catch {
    return payload.replace(IN_TEXT, `$1${MASK}`);
  }
}

export function maskedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, SECRET_NAME.test(name) ? MASK : value]));
}

function maskedValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskedValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, SECRET_NAME.test(key) && each !== null ? MASK : maskedValue(each)]));
}
