import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { BaseConfig } from './base-config.js';
import { ConfigError, parseConfig } from './parse-config.js';
import { redact } from './redact.js';

const Config = BaseConfig.extend({ ADMIN_TOKEN: z.string().min(8), PLAN_DELETE_SHARE_MAX: z.coerce.number().min(0).max(1).default(0.3), KEY_FILE: z.string().default('key.json') });
const good = { NATS_URL: 'nats://127.0.0.1:4222', DATABASE_URL: 'postgres://vmdns_x:database-password-1@127.0.0.1/vmdns', ADMIN_TOKEN: 'admin-token-value' };

function faultsOf(environment: Readonly<Record<string, string | undefined>>): unknown {
  try {
    return parseConfig(Config, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map((fault) => `${fault.variable}: ${fault.message}`);
    throw error;
  }
}

describe('the configuration', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vmdns-config-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it('has defaults, reads numbers, and takes an empty variable as absent', () => {
    expect(parseConfig(Config, { ...good, HTTP_PORT: '8080', NATS_USER: '' })).toMatchObject({ HTTP_PORT: 8080, HTTP_HOST: '127.0.0.1', LOG_LEVEL: 'info', PLAN_DELETE_SHARE_MAX: 0.3, KEY_FILE: 'key.json' });
    expect(parseConfig(Config, good)).not.toHaveProperty('NATS_USER');
  });

  it('reads a variable from the file that X_FILE names, without its last line break', () => {
    const { ADMIN_TOKEN, ...rest } = good;
    expect(parseConfig(Config, { ...rest, ADMIN_TOKEN_FILE: file('token', `${ADMIN_TOKEN}\n`) }).ADMIN_TOKEN).toBe(ADMIN_TOKEN);
  });

  it('takes a setting that is itself called X_FILE as a path', () => {
    expect(parseConfig(Config, { ...good, KEY_FILE: '/nowhere/key.json' }).KEY_FILE).toBe('/nowhere/key.json');
  });

  it('L10 shows all faults together, by variable and never by value', () => {
    const faults = faultsOf({ DATABASE_URL: 'mysql://u:p4ssw0rd-here@h/d', ADMIN_TOKEN_FILE: '/nowhere/token', HTTP_PORT: 'eighty', PLAN_DELETE_SHARE_MAX: '7', LOG_LEVEL: 'loud', NATS_PASSWORD: 'short-secret', NATS_PASSWORD_FILE: '/also' });
    expect(faults).toEqual([
      'NATS_PASSWORD: is set, and NATS_PASSWORD_FILE too: set one of them',
      'ADMIN_TOKEN_FILE: the file cannot be read (ENOENT)',
      'NATS_URL: is missing',
      'DATABASE_URL: must be a postgres:// URL',
      'HTTP_PORT: Invalid input: expected number, received NaN',
      'LOG_LEVEL: Invalid option: expected one of "debug"|"info"|"warn"|"error"|"silent"',
      'PLAN_DELETE_SHARE_MAX: Too big: expected number to be <=1',
    ]);
    expect(JSON.stringify(faults)).not.toMatch(/p4ssw0rd|short-secret|eighty|loud/);
  });

  it('L10 masks its secrets, and passwords inside its URLs, from then on', () => {
    parseConfig(Config, { ...good, DATABASE_URL: 'postgres://x:p%40ss%2Fword@h/d', NATS_TOKEN: 'nats-token-1' });
    expect(redact('connecting to postgres://x:p%40ss%2Fword@h/d as p@ss/word with nats-token-1 and admin-token-value')).toBe('connecting to postgres://x:[secret]@h/d as [secret] with [secret] and [secret]');
  });
});
