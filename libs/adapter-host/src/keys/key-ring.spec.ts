import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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

  it('after a rotation announces the new key, in every replica, and opens with all', async () => {
    const file = fileIn();
    const [ring, replica] = [await KeyRing.open(file), await KeyRing.open(file)];
    const old = await seal(ring, 'old');
    const kid = await KeyRing.rotate(file);
    expect(ring.publicKey['kid']).not.toBe(kid);
    await ring.refresh();
    expect([ring.publicKey['kid'], await ring.openSecret(old, 'p', 'f')]).toEqual([kid, 'old']);
    // The replica has not looked yet, and opens it all the same.
    expect([await replica.openSecret(await seal(ring, 'new'), 'p', 'f'), await replica.openSecret(old, 'p', 'f')]).toEqual(['new', 'old']);
    expect(await KeyRing.rotate(file)).not.toBe(kid);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('keeps every key where several rotate at once', async () => {
    const file = fileIn();
    const { publicKey } = await KeyRing.open(file);
    const kids = await Promise.all([KeyRing.rotate(file), KeyRing.rotate(file), KeyRing.rotate(file), KeyRing.rotate(file)]);
    const { keys } = JSON.parse(await readFile(file, 'utf8')) as { readonly keys: readonly { readonly kid: string }[] };
    expect(keys.map(({ kid }) => kid).sort()).toEqual([...kids, publicKey['kid']].sort());
    expect(await readdir(dirname(file))).toEqual(['keys.json']);
  });

  it('names the file that a rotation left behind which was killed, and changes nothing', async () => {
    const file = fileIn();
    await KeyRing.open(file);
    const before = await readFile(file, 'utf8');
    await writeFile(`${file}.next`, '');
    await expect(KeyRing.rotate(file, 100)).rejects.toThrow(`remove ${file}.next`);
    expect(await readFile(file, 'utf8')).toBe(before);
  });

  it('leaves nothing behind where the file cannot be read', async () => {
    const file = fileIn();
    await writeFile(file, '{');
    await expect(KeyRing.rotate(file)).rejects.toThrow();
    expect(await readdir(dirname(file))).toEqual(['keys.json']);
  });

  it('goes on with the keys it has where the file breaks, and says so once for each version of it', async () => {
    const file = fileIn();
    const ring = await KeyRing.open(file);
    const sealed = await seal(ring, 'secret');
    await writeFile(file, '{');
    await expect(ring.refresh()).rejects.toThrow();
    await ring.refresh();
    expect(await ring.openSecret(sealed, 'p', 'f')).toBe('secret');
  });
});
