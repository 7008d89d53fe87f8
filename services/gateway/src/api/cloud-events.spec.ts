import { describe, expect, it } from '@jest/globals';
import { ProblemError } from '../http/problems.js';
import { BATCH_MAX, readDelivery } from './cloud-events.js';

const event = { specversion: '1.0', id: '7', source: '/panel', type: 'vmdns.vm.deleted.v1', data: { vmId: 'vm1' } };

describe('CloudEvents over HTTP', () => {
  it('reads a structured event, with a charset or without', () => {
    expect(readDelivery({ 'content-type': 'application/cloudevents+json; charset=UTF-8' }, event)).toEqual({ kind: 'one', event: { ok: true, event } });
  });
  it('reads a binary event from its headers, percent-encoded values included', () => {
    const headers = { 'content-type': 'application/json', 'ce-specversion': '1.0', 'ce-id': '7', 'ce-source': '/panel%20one', 'ce-type': 'vmdns.vm.deleted.v1', 'ce-time': '2026-11-21T12:00:00Z' };
    expect(readDelivery(headers, { vmId: 'vm1' })).toEqual({ kind: 'one', event: { ok: true, event: { ...event, source: '/panel one', time: '2026-11-21T12:00:00Z' } } });
  });
  it('reads data that came as base64', () => {
    const { data, ...rest } = event;
    const encoded = { ...rest, data_base64: Buffer.from(JSON.stringify(data)).toString('base64') };
    expect(readDelivery({ 'content-type': 'application/cloudevents+json' }, encoded)).toMatchObject({ event: { ok: true, event: { data } } });
  });
  it('keeps the good events of a batch beside a bad one', () => {
    const delivery = readDelivery({ 'content-type': 'application/cloudevents-batch+json' }, [event, { ...event, id: '', specversion: '0.3' }, 'nonsense']);
    expect(delivery).toMatchObject({ kind: 'batch', events: [{ ok: true }, { ok: false, source: '/panel', faults: [{ path: 'specversion' }, { path: 'id' }] }, { ok: false, faults: [{ path: '(body)' }] }] });
  });
  it.each([
    ['a batch that is no list', 'application/cloudevents-batch+json', {}, 400],
    ['too many events', 'application/cloudevents-batch+json', Array.from({ length: BATCH_MAX + 1 }, () => event), 413],
    ['JSON without ce-* headers', 'application/json', event, 415],
  ])('refuses %s', (_, type, body, status) => {
    let problem: unknown;
    try { readDelivery({ 'content-type': type }, body); } catch (error) { problem = error instanceof ProblemError ? error.problem.status : error; }
    expect(problem).toBe(status);
  });
});
