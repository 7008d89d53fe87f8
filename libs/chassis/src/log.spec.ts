import { describe, expect, it } from '@jest/globals';
import { Log } from './log.js';
import { registerSecret } from './redact.js';

function logged(act: (log: Log) => void, level: 'debug' | 'info' = 'info'): readonly Record<string, unknown>[] {
  const lines: string[] = [];
  act(Log.to({ level, base: { service: 'planner', instance: 'a' }, write: (line) => lines.push(line) }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the process log', () => {
  it('writes one JSON line with its fields, who speaks, and when', () => {
    const [line] = logged((log) => log.child({ zone: 'example.com.' }).info({ name: 'vm1.example.com.', tookMs: 7 }, 'rrset ensured'));
    expect(line).toEqual({ level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/), service: 'planner', instance: 'a', zone: 'example.com.', name: 'vm1.example.com.', tookMs: 7, msg: 'rrset ensured' });
  });

  it('leaves out what is below its level', () => {
    expect(logged((log) => log.debug({}, 'chatter'))).toEqual([]);
    expect(logged((log) => log.debug({}, 'chatter'), 'debug')).toHaveLength(1);
  });

  it('L10 masks what lies under the name of a secret, however deep', () => {
    const [line] = logged((log) => log.info({
      password: 'a', connection: { settings: { baseUrl: 'http://ns1', apiKey: 'b', nested: [{ 'x-api-key': 'c', accessToken: 'd', db_password: 'e' }] }, sealed: { apiKey: 'f' } }, headers: { authorization: 'Bearer g' }, key: 'vm-1', monkey: 'see', tokens: 3, token: null,
    }, 'saved'));
    expect(line).toMatchObject({
      password: '[secret]', connection: { settings: { baseUrl: 'http://ns1', apiKey: '[secret]', nested: [{ 'x-api-key': '[secret]', accessToken: '[secret]', db_password: '[secret]' }] }, sealed: '[secret]' },
      headers: { authorization: '[secret]' }, key: 'vm-1', monkey: 'see', tokens: 3, token: null,
    });
  });

  it('L10 masks a registered secret wherever it stands, also inside an error and its causes', () => {
    registerSecret('top"secret/value');
    const cause = new Error('401 for X-API-Key: top"secret/value');
    const [line] = logged((log) => log.error({ err: new Error('asking ns1', { cause }), url: `http://h/?k=${encodeURIComponent('top"secret/value')}` }, 'said top"secret/value'));
    expect(JSON.stringify(line)).not.toContain('secret/value');
    expect(JSON.stringify(line)).not.toContain(encodeURIComponent('top"secret/value'));
    expect(line).toMatchObject({ msg: 'said [secret]', url: 'http://h/?k=[secret]', err: { name: 'Error', message: 'asking ns1', cause: { message: '401 for X-API-Key: [secret]' } } });
  });

  it('writes of an error its kind and code, not what a library hung on it', () => {
    const error = Object.assign(new Error('refused'), { kind: 'rejected', code: 'E42', config: { headers: { cookie: 'x' } } });
    const [line] = logged((log) => log.warn({ err: error }, 'no'));
    expect(line?.['err']).toEqual({ name: 'Error', message: 'refused', kind: 'rejected', code: 'E42', stack: expect.any(String) });
  });
});
