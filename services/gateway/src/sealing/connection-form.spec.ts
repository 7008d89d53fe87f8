import { describe, expect, it } from '@jest/globals';
import { compactDecrypt, decodeProtectedHeader, exportJWK, generateKeyPair, type JWK } from 'jose';
import { ProblemError } from '../http/problems.js';
import type { SeenProvider } from './announced-providers.js';
import { sealChange, sealSecrets, sealSettings } from './connection-form.js';

const CANARY = 'canary-5e0d1b-secret';
const NOW = '2026-11-21T12:00:00.000Z';
const mine = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true });
const other = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true });
const publicJwk: JWK = { ...await exportJWK(mine.publicKey), kid: 'key-1' };

const provider: SeenProvider = {
  provider: 'powerdns', instance: 'a', era: 'e', at: NOW, seenAt: NOW, zoneSchema: { type: 'object', properties: {} }, publicKey: { ...publicJwk },
  capabilities: { grain: 'rrset', batch: true, types: ['A'], ttl: { min: 1, max: 86_400 }, verify: 'api', multiplePtr: true, wildcard: true, classlessReverse: true, overlap: 'harmless', callLifeMs: 10_000 },
  connectionSchema: {
    type: 'object', required: ['url', 'apiKey'],
    properties: {
      url: { type: 'string', format: 'uri' }, apiKey: { type: 'string', minLength: 8, writeOnly: true }, serverId: { type: 'string', pattern: '^[a-z0-9]+$', default: 'localhost' },
      mode: { type: 'string', enum: ['a', 'b'] }, dns: { type: 'object', required: ['host'], properties: { host: { type: 'string' }, port: { type: 'integer', minimum: 1 } } },
    },
  },
};

async function faultsOf(work: Promise<unknown>): Promise<readonly string[]> {
  try {
    await work;
    return [];
  } catch (error) {
    if (error instanceof ProblemError) return (error.problem.faults ?? []).map((fault) => `${fault.path}: ${fault.message}`);
    throw error;
  }
}

describe('sealing a connection', () => {
  it('L10 only the adapter that announced the key can open what is sealed', async () => {
    const { settings, sealed } = await sealSettings(provider, { url: 'http://ns1:8081', apiKey: CANARY });
    expect(settings).toEqual({ url: 'http://ns1:8081', serverId: 'localhost' });
    expect(Object.keys(sealed)).toEqual(['apiKey']);
    expect(JSON.stringify({ settings, sealed })).not.toContain(CANARY);
    const { plaintext, protectedHeader } = await compactDecrypt(sealed.apiKey ?? '', mine.privateKey);
    expect(new TextDecoder().decode(plaintext)).toBe(CANARY);
    expect(protectedHeader).toMatchObject({ alg: 'ECDH-ES', enc: 'A256GCM', kid: 'key-1', provider: 'powerdns', field: 'apiKey' });
    await expect(compactDecrypt(sealed.apiKey ?? '', other.privateKey)).rejects.toThrow();
  });
  it('seals the same secret differently each time, so that equal secrets do not show', async () => {
    const [first, second] = await Promise.all([sealSecrets(provider, { apiKey: CANARY }), sealSecrets(provider, { apiKey: CANARY })]);
    expect(first.apiKey).not.toBe(second.apiKey);
  });
  it('binds the field into what is sealed: another field name does not fit it', async () => {
    const { apiKey } = await sealSecrets(provider, { apiKey: CANARY });
    expect(decodeProtectedHeader(apiKey ?? '')).toMatchObject({ field: 'apiKey', provider: 'powerdns' });
    const [header = '', ...rest] = (apiKey ?? '').split('.');
    const moved = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(header, 'base64url').toString()) as object, field: 'other' })).toString('base64url');
    await expect(compactDecrypt([moved, ...rest].join('.'), mine.privateKey)).rejects.toThrow();
  });
  it('names every fault of a form by its path, and never the value', async () => {
    const faults = await faultsOf(sealSettings(provider, { url: 'nonsense', apiKey: 'short', serverId: 'A B', mode: 'c', dns: { port: 0 }, apikey: CANARY }));
    expect(faults.map((fault) => fault.split(':')[0]).sort()).toEqual(['settings.apiKey', 'settings.apikey', 'settings.dns.host', 'settings.dns.port', 'settings.mode', 'settings.serverId', 'settings.url']);
    expect(faults.join()).not.toContain(CANARY);
    expect(faults.join()).not.toContain('short');
  });
  it('L10 a mistyped secret is a fault and not a setting that anybody can read', async () => {
    expect(await faultsOf(sealSettings(provider, { url: 'http://ns1', apiKey: CANARY, api_key: CANARY }))).toEqual(['settings.api_key: unknown field']);
  });
});

describe('changing a connection', () => {
  const stored = { settings: { url: 'http://ns1:8081', serverId: 'localhost', mode: 'a' }, secrets: ['apiKey'] };
  it('keeps the secret that is not given, and takes away what is null', async () => {
    expect(await sealChange(provider, stored, { serverId: 'other', mode: null })).toEqual({ settings: { url: 'http://ns1:8081', serverId: 'other', mode: null }, sealed: {} });
  });
  it('L10 a secret is not sent to a new address unless it is given again', async () => {
    expect(await faultsOf(sealChange(provider, stored, { url: 'http://evil.example' }))).toEqual(['settings.apiKey: must be given again, because the address that it is sent to changes']);
    const changed = await sealChange(provider, stored, { url: 'http://ns2:8081', apiKey: CANARY });
    expect(changed.settings.url).toBe('http://ns2:8081');
    expect(Object.keys(changed.sealed)).toEqual(['apiKey']);
  });
  it('takes away an optional secret', async () => {
    const optional = { ...provider, connectionSchema: { ...provider.connectionSchema, required: ['url'] } };
    expect(await sealChange(optional, stored, { apiKey: null })).toMatchObject({ sealed: {}, unsealed: ['apiKey'] });
    expect(await faultsOf(sealChange(provider, stored, { apiKey: null }))).toEqual(['settings.apiKey: is required']);
  });
  it('checks the whole form that results', async () => {
    expect(await faultsOf(sealChange(provider, stored, { url: null, apiKey: CANARY }))).toEqual(['settings.url: is required']);
    expect(await faultsOf(sealChange(provider, { ...stored, secrets: [] }, { mode: 'b' }))).toEqual(['settings.apiKey: is required']);
  });
  it('rotates only what is a secret', async () => {
    expect(await faultsOf(sealSecrets(provider, { url: 'x' }))).toEqual(['url: is no secret of powerdns; its secrets are apiKey']);
    expect((await faultsOf(sealSecrets(provider, { apiKey: 'short' })))[0]).toMatch(/^apiKey: /);
  });
});
