import { chown, link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, compactDecrypt, exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';
import { z } from 'zod';

const PrivateKey = z.looseObject({ kty: z.literal('EC'), crv: z.literal('P-256'), kid: z.string().min(1), x: z.string(), y: z.string(), d: z.string() });
const KeyFile = z.object({ keys: z.array(PrivateKey).min(1) });
type PrivateKey = z.output<typeof PrivateKey>;

/** A rotation takes milliseconds; so long one waits for another. */
const ROTATION_MS = 5_000;
const LOOK_MS = 20;

/** Why a sealed secret could not be opened; the text is for people and holds nothing of the secret. */
export class SealError extends Error {
  override readonly name = 'SealError';

  constructor(readonly kind: 'unknown-key' | 'not-ours' | 'broken', message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/**
 * The adapter's private keys (ECDH-ES on P-256), in one file that its replicas share. The first is announced and sealed
 * to; the others open what was sealed before a rotation.
 */
export class KeyRing {
  private keys = new Map<string, CryptoKey | Uint8Array>();
  private announced: PrivateKey | undefined;
  /** Which version of the file was looked at last. */
  private seen = '';

  private constructor(private readonly file: string) {}

  /** Reads the file; makes it, readable by its owner only, where there is none. */
  static async open(file: string): Promise<KeyRing> {
    const ring = new KeyRing(file);
    await makeKeyFile(file);
    await ring.read();
    return ring;
  }

  /**
   * Puts a new key in front and gives its `kid`: from now on secrets are sealed to it, and the older keys go on opening
   * what was sealed to them. Replicas that run take it up by themselves.
   */
  static async rotate(file: string, withinMs = ROTATION_MS): Promise<string> {
    await makeKeyFile(file);
    const made = await makeKey();
    const draft = await openNext(file, withinMs);
    try {
      const [owner, known] = await Promise.all([stat(file), readKeys(file)]);
      await writeFile(draft, textOf([made, ...known]));
      await chown(draft, owner.uid, owner.gid);
      await rename(draft, file);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    return made.kid;
  }

  /** Takes up what was changed in the file. Throws, once for each version of it, where it cannot be read; what was known before holds on. */
  async refresh(): Promise<void> {
    const { ino, mtimeMs } = await stat(this.file);
    const version = `${ino} ${mtimeMs}`;
    if (version === this.seen) return;
    this.seen = version;
    await this.read();
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
    const keys = await readKeys(this.file);
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
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, textOf([await makeKey()]), { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, file);
  } catch (error) {
    if (!isThere(error)) throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function makeKey(): Promise<PrivateKey> {
  const { privateKey } = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true });
  const jwk = await exportJWK(privateKey);
  return PrivateKey.parse({ ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'ECDH-ES', use: 'enc' });
}

async function readKeys(file: string): Promise<readonly PrivateKey[]> {
  return KeyFile.parse(JSON.parse(await readFile(file, 'utf8'))).keys;
}

const textOf = (keys: readonly PrivateKey[]): string => `${JSON.stringify({ keys }, null, 2)}\n`;

/**
 * The file that will take the key file's place. It is there as long as a rotation runs, so there is one at a time: each
 * reads the keys that the one before it has put in.
 */
async function openNext(file: string, withinMs: number): Promise<string> {
  const next = `${file}.next`;
  for (const deadline = performance.now() + withinMs; ; await delay(LOOK_MS)) {
    try {
      await writeFile(next, '', { mode: 0o600, flag: 'wx' });
      return next;
    } catch (error) {
      if (!isThere(error)) throw error;
      if (performance.now() > deadline) throw new Error(`another rotation is under way; if none is, one was killed: remove ${next}, and rotate again`, { cause: error });
    }
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
