import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, compactDecrypt, exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';
import { z } from 'zod';

const PrivateKey = z.looseObject({ kty: z.literal('EC'), crv: z.literal('P-256'), kid: z.string().min(1), x: z.string(), y: z.string(), d: z.string() });
const KeyFile = z.object({ keys: z.array(PrivateKey).min(1) });
type PrivateKey = z.output<typeof PrivateKey>;

/** Why a sealed secret could not be opened; the text is for people and holds nothing of the secret. */
export class SealError extends Error {
  override readonly name = 'SealError';

  constructor(readonly kind: 'unknown-key' | 'not-ours' | 'broken', message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/**
 * The adapter's private keys (ECDH-ES on P-256), in one file that its replicas share. The first is announced and sealed
 * to; the others open what was sealed before a rotation. Put a new key in front to rotate.
 */
export class KeyRing {
  private keys = new Map<string, CryptoKey | Uint8Array>();
  private announced: PrivateKey | undefined;

  private constructor(private readonly file: string) {}

  /** Reads the file; makes it, readable by its owner only, where there is none. */
  static async open(file: string): Promise<KeyRing> {
    const ring = new KeyRing(file);
    await makeKeyFile(file);
    await ring.read();
    return ring;
  }

  /** What secrets are to be sealed to. */
  get publicKey(): Record<string, unknown> {
    if (this.announced === undefined) throw new Error('the key ring is empty');
    const { kty, crv, x, y, kid } = this.announced;
    return { kty, crv, x, y, kid, alg: 'ECDH-ES', use: 'enc' };
  }

  /** Opens one secret that was sealed for this provider and field (L10). Throws SealError. */
  async openSecret(sealed: string, provider: string, field: string): Promise<string> {
    const kid = kidOf(sealed);
    if (!this.keys.has(kid)) await this.read().catch(() => undefined); // another replica may have rotated; what we have still opens the rest
    const key = this.keys.get(kid);
    if (key === undefined) throw new SealError('unknown-key', `the secret ${field} is sealed for a key that this adapter does not have`);
    let opened;
    try {
      opened = await compactDecrypt(sealed, key, { keyManagementAlgorithms: ['ECDH-ES'], contentEncryptionAlgorithms: ['A256GCM'] });
    } catch (error) {
      throw new SealError('broken', `the secret ${field} cannot be opened`, { cause: error });
    }
    const header: Readonly<Record<string, unknown>> = { ...opened.protectedHeader };
    if (header['provider'] !== provider || header['field'] !== field) throw new SealError('not-ours', `the secret ${field} was sealed for another purpose`);
    return new TextDecoder().decode(opened.plaintext);
  }

  private async read(): Promise<void> {
    const { keys } = KeyFile.parse(JSON.parse(await readFile(this.file, 'utf8')));
    this.keys = new Map(await Promise.all(keys.map(async (key) => [key.kid, await importJWK(key as JWK, 'ECDH-ES')] as const)));
    this.announced = keys[0];
  }
}

/** The file appears whole or not at all, and the first of several replicas wins. */
async function makeKeyFile(file: string): Promise<void> {
  try {
    await readFile(file);
    return;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const { privateKey } = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true });
  const jwk = await exportJWK(privateKey);
  const text = `${JSON.stringify({ keys: [{ ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'ECDH-ES', use: 'enc' }] }, null, 2)}\n`;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, file);
  } catch (error) {
    if (!isThere(error)) throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

function kidOf(sealed: string): string {
  const [header = ''] = sealed.split('.');
  try {
    const parsed = z.looseObject({ kid: z.string() }).safeParse(JSON.parse(Buffer.from(header, 'base64url').toString('utf8')));
    return parsed.success ? parsed.data.kid : '';
  } catch (error) {
    throw new SealError('broken', 'a sealed secret is not a JWE', { cause: error });
  }
}

const hasCode = (error: unknown, code: string): boolean => typeof error === 'object' && error !== null && 'code' in error && error.code === code;
const isMissing = (error: unknown): boolean => hasCode(error, 'ENOENT');
const isThere = (error: unknown): boolean => hasCode(error, 'EEXIST');
