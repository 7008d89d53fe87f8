import type { IncomingMessage } from 'node:http';

/** The cookie that holds a session. */
export const SESSION_COOKIE = 'vmdns_session';

/** The value of the session cookie of a request. */
export function sessionCookieOf(request: Pick<IncomingMessage, 'headers'>): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === SESSION_COOKIE) return pair.slice(at + 1).trim() || undefined;
  }
  return undefined;
}

/**
 * The session cookie as it is set; without a secret it is taken away. No script reads it, and no other site's page
 * sends it. Secure where the last proxy says that the browser came by TLS: a lie could only make it stricter.
 */
export function sessionCookie(request: Pick<IncomingMessage, 'headers'>, session: { readonly secret: string; readonly expiresAt: Date } | undefined, now: Date): string {
  const isSecure = String(request.headers['x-forwarded-proto'] ?? '').split(',').at(-1)?.trim() === 'https';
  const seconds = session === undefined ? 0 : Math.max(0, Math.floor((session.expiresAt.getTime() - now.getTime()) / 1000));
  return `${SESSION_COOKIE}=${session?.secret ?? ''}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${isSecure ? '; Secure' : ''}`;
}
