import { describe, expect, it } from '@jest/globals';
import { streams, subjects, VmFact, VmId, vmToken } from './index.js';

describe('subjects', () => {
  it.each([['a.b:c~d', 'a=2Eb=3Ac=7Ed'], ['5546', '5546'], ['vm_1-x', 'vm_1-x']])('a VM id %s becomes the token %s', (vmId, token) => {
    expect(VmId.parse(vmId)).toBe(vmId);
    expect(vmToken(vmId)).toBe(token);
  });
  it('are each captured by one stream, but for those that need none', () => {
    const matches = (pattern: string, subject: string) =>
      new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^.]+').replace('>', '.+')}$`).test(subject);
    const captured = (subject: string) => Object.values(streams).filter((stream) => stream.subjects.some((pattern) => matches(pattern, subject))).map((stream) => stream.name);
    expect(captured(subjects.ingest.vm)).toEqual(['INGEST']);
    expect(captured(subjects.ingest.tenant('acme'))).toEqual(['INGEST']);
    expect(captured(subjects.event.vm('a.b'))).toEqual(['EVENT']);
    expect(captured(subjects.command.of('powerdns', 'z-1'))).toEqual(['COMMAND']);
    expect(captured(subjects.result.of('powerdns', 'z-1'))).toEqual(['RESULT']);
    expect(captured(subjects.notice.of('inventory'))).toEqual(['DEADLETTER']);
    expect(captured(subjects.deed.of('gateway'))).toEqual(['DEED']);
    expect(captured(subjects.announce.of('powerdns'))).toEqual([]);
    expect(captured(subjects.rpc('planner', 'explain'))).toEqual([]);
  });
});

describe('VmFact', () => {
  it('names an unknown field, at its path', () => {
    const parsed = VmFact.safeParse({ addresses: [{ ip: '192.0.2.1', colour: 'red' }] });
    expect(parsed.error?.issues.map((issue) => [issue.code, issue.path.join('.')])).toEqual([['unrecognized_keys', 'addresses.0']]);
  });
  it.each(['', '-a', '.a', 'a b', 'a/b', 'a>', 'a*', 'ä', 'a'.repeat(129)])('refuses the VM id "%s"', (vmId) => {
    expect(VmId.safeParse(vmId).success).toBe(false);
  });
});
