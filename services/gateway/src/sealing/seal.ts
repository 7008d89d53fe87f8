import { CompactEncrypt, importJWK, type JWK } from 'jose';

/** What a sealed secret is for; bound into it, so that it opens nowhere else. */
export interface SealedFor { readonly provider: string; readonly field: string; readonly publicKey: Readonly<Record<string, unknown>> }

/**
 * Seals one secret for exactly one adapter: a compact JWE (ECDH-ES, A256GCM). Whoever holds it – gateway, planner, bus,
 * Postgres – cannot open it (L10).
 */
export async function seal(secret: string, { provider, field, publicKey }: SealedFor): Promise<string> {
  const key = await importJWK(publicKey as JWK, 'ECDH-ES');
  const kid = typeof publicKey.kid === 'string' ? { kid: publicKey.kid } : {};
  return new CompactEncrypt(new TextEncoder().encode(secret)).setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', ...kid, provider, field }).encrypt(key);
}
