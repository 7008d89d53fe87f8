import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { CompactEncrypt, importJWK } from 'jose';
import { newFolder } from '@vmdns/test/support';
import { KeyRing } from './key-ring.js';

const fileIn = () => join(newFolder('keys'), 'keys.json');

async function seal(ring: KeyRing, secret: string, header: Record<string, string> = {}): Promise<string> {
  const { publicKey } = ring;
  const key = await importJWK(publicKey as Parameters<typeof importJWK>[0], 'ECDH-ES');
  return new CompactEncrypt(new TextEncoder().encode(secret)).setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: String(publicKey['kid']), provider: 'p', field: 'f', ...header }).encrypt(key);
}

describe('a key ring', () => {
  it('opens what was sealed for its provider and field', async () => {
    const ring = await KeyRing.open(fileIn());
    expect(await ring.openSecret(await seal(ring, 'secret'), 'p', 'f')).toBe('secret');
  });

  it.each([
    ['another field', { field: 'g' }, 'not-ours'],
    ['another provider', { provider: 'q' }, 'not-ours'],
    ['a key it does not have', { kid: 'nobody' }, 'unknown-key'],
  ])('refuses what was sealed for %s', async (_, header, kind) => {
    const ring = await KeyRing.open(fileIn());
    await expect(ring.openSecret(await seal(ring, 'secret', header), 'p', 'f')).rejects.toMatchObject({ kind });
  });

  it.each(['', 'x', 'a.b.c.d.e'])('refuses %j, which is no JWE', async (text) => {
    await expect((await KeyRing.open(fileIn())).openSecret(text, 'p', 'f')).rejects.toMatchObject({ name: 'SealError' });
  });

  it('is the same for replicas that start at once', async () => {
    const file = fileIn();
    const rings = await Promise.all([KeyRing.open(file), KeyRing.open(file), KeyRing.open(file)]);
    expect(new Set(rings.map((ring) => ring.publicKey['kid'])).size).toBe(1);
  });

  it('after a rotation announces the first key and opens with all', async () => {
    const [file, other] = [fileIn(), fileIn()];
    const ring = await KeyRing.open(file);
    const old = await seal(ring, 'old');
    const next = await KeyRing.open(other);
    const { keys } = JSON.parse(await readFile(file, 'utf8')) as { keys: unknown[] };
    const { keys: [newKey] } = JSON.parse(await readFile(other, 'utf8')) as { keys: unknown[] };
    await writeFile(file, JSON.stringify({ keys: [newKey, ...keys] }));
    expect(await ring.openSecret(await seal(next, 'new'), 'p', 'f')).toBe('new');
    expect(ring.publicKey['kid']).toBe(next.publicKey['kid']);
    expect(await ring.openSecret(old, 'p', 'f')).toBe('old');
  });
});
