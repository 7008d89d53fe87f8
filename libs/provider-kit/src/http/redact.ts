/** Takes secrets out of texts that were not ours to begin with: provider's answers, error messages (L10). */
export type Redact = (text: string) => string;

const PROVIDER_TEXT_MAX = 500;
/** Shorter ones would blank out ordinary words; no provider hands out such a secret. */
const SECRET_LENGTH_MIN = 4;

/** Masks each secret, also in the shapes in which HTTP carries it: percent-encoded, base64. */
export function redactorOf(secrets: readonly string[]): Redact {
  const shapes = secrets
    .filter((secret) => secret.length >= SECRET_LENGTH_MIN)
    .flatMap((secret) => [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
    .sort((a, b) => b.length - a.length);
  return (text) => shapes.reduce((masked, shape) => masked.replaceAll(shape, '***'), text);
}

/** The provider's own words as they may be stored and shown: one line, no control characters, no secret, at most 500 characters. */
export function providerTextOf(text: string, redact: Redact): string {
  const line = redact(text).replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.length > PROVIDER_TEXT_MAX ? `${line.slice(0, PROVIDER_TEXT_MAX - 1)}…` : line;
}
