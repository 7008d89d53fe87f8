import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { newFolder } from '@vmdns/test/support';
import { CompactEncrypt, importJWK, type JWK } from 'jose';
import { z } from 'zod';
import type { Host } from '../host.js';
import { KeyRing } from '../keys/key-ring.js';
import type { Budgets } from '../lanes/budget.js';
import { Connections } from './connections.js';

const SECRET = 'a-secret-of-the-connection';

describe('a connection that its provider does not take', () => {
  it.each([
    ['a field of the wrong kind', { port: 'x' }, 'port (invalid_type)'],
    ["a rule of the provider's own", { port: 1 }, 'key is an old one: [secret]'],
  ])('L10 tells where the fault is and what, and no secret: %s', async (_what, settings, fault) => {
    const connectionSchema = z.object({ key: z.string(), port: z.int() }).superRefine(({ key }, context) => { context.addIssue({ code: 'custom', path: ['key'], message: `is an old one: ${key}` }); });
    const keys = await KeyRing.open(join(newFolder('keys'), 'keys.json'));
    const { publicKey } = keys;
    const sealed = await new CompactEncrypt(new TextEncoder().encode(SECRET)).setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: String(publicKey['kid']), provider: 'p', field: 'key' }).encrypt(await importJWK(publicKey as JWK, 'ECDH-ES'));
    const connections = new Connections({ provider: 'p', definition: { connectionSchema } } as unknown as Host, keys, undefined as unknown as Budgets);
    expect(await connections.openSealed({ settings, sealed: { key: sealed } })).toEqual({ ok: false, reason: { code: 'credentials', text: `the connection's settings are not valid: ${fault}`, hint: 'mend the connection' } });
  });
});
