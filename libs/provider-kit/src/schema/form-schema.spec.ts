import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { formSchemaOf, secretFieldsOf } from './form-schema.js';

const Connection = z.strictObject({
  url: z.url().meta({ title: 'URL' }).transform((url) => url.replace(/\/$/, '')),
  apiKey: z.string().min(1).meta({ secret: true }),
  password: z.string().optional().meta({ secret: true }),
  serverId: z.string().default('localhost'),
});

describe('the form of a connection', () => {
  it('L10: secret fields are write-only, optional ones too', () => {
    expect(secretFieldsOf(Connection)).toEqual(['apiKey', 'password']);
    expect(JSON.stringify(formSchemaOf(Connection))).not.toContain('"secret"');
  });

  it('asks for what has no default, and shows what a person types', () => {
    expect(formSchemaOf(Connection)).toMatchObject({ type: 'object', required: ['url', 'apiKey'], properties: { url: { type: 'string', title: 'URL' }, serverId: { default: 'localhost' } } });
  });
});
