import { describe, expect, it } from '@jest/globals';
import { formSchemaOf, secretFieldsOf } from '@vmdns/provider-kit';
import { memoryProvider } from './index.js';

describe('provider memory, as a publisher meets it in CI', () => {
  const memory = memoryProvider('rrset');

  it('needs no setting at all, and any zone exists', async () => {
    const connection = memory.connectionSchema.parse({});
    const steps = [];
    for await (const step of memory.testZone(connection, 'any.example.', memory.zoneSchema.parse({}), new AbortController().signal)) steps.push(step);
    expect(steps).toMatchObject([{ step: 'zone', ok: true }]);
  });

  it('keeps the zones of two accounts apart', () => {
    const target = (account: string): string => memory.target(memory.connectionSchema.parse({ account }), 'any.example.', {});
    expect(target('a')).not.toBe(target('b'));
  });

  it('L10: shows its secret field as write-only in its form', () => {
    expect(secretFieldsOf(memory.connectionSchema)).toEqual(['key']);
    expect(formSchemaOf(memory.connectionSchema)).toMatchObject({ properties: { key: { writeOnly: true } } });
  });
});
