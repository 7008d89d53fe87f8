import { describe, expect, it } from '@jest/globals';
import { rrsetDigest } from '@vmdns/domain';
import type { ZonePort } from '../port/provider.js';
import { statesOf } from '../testing/contract/story.js';
import { a, Bench, due, ours, range, vm, withVerbs } from '../spec/turn-bench.js';

describe('L9: the answer counts', () => {
  /** Answers the first write as if it were done, without the change token. */
  const lyingOnce = (port: ZonePort): ZonePort => {
    let writes = 0;
    return withVerbs(port, { write: (changes, held, signal) => { writes += 1; return writes === 1 ? Promise.resolve({ tokenAfter: null }) : port.write(changes, held, signal); } });
  };

  it('a write answered without the change token is looked at, and done where it was not', async () => {
    const bench = new Bench('rrset', lyingOnce);
    bench.hold(a(1), a(2));
    const outcome = await bench.run([ours(a(1)), ours(a(2), a(2, '192.0.2.7')), due(a(3))], { knowledge: { token: String(bench.zone.serial), zoneSize: 4 } });
    expect(statesOf(outcome)).toEqual(['applied', 'applied', 'applied']);
    expect([1, 2, 3].map((at) => bench.values(vm(at)))).toEqual([[], ['A 192.0.2.7'], ['A 192.0.2.1']]);
  });

  it('a removal that was said to be done stays ours for as long as the name server contradicts', async () => {
    const bench = new Bench('rrset', (port) => withVerbs(port, { write: () => Promise.resolve({ tokenAfter: null }), askDns: (expected) => Promise.resolve(expected.map((one) => ({ expected: one, answered: '192.0.2.1' }))) }));
    bench.hold(a(1));
    const outcome = await bench.run([ours(a(1))]);
    expect(statesOf(outcome)).toEqual(['unconfirmed unconfirmed']);
    expect(outcome.names[0]?.owned).toEqual({ A: rrsetDigest(a(1)) });
  });

  const answering = (wrong: (round: number) => boolean, silent = false) => {
    const asked: number[] = [];
    const askDns: NonNullable<ZonePort['askDns']> = (expected) => {
      asked.push(expected.length);
      return Promise.resolve(wrong(asked.length) ? expected.map((one) => ({ expected: one, answered: '192.0.2.99', silent })) : []);
    };
    return { asked, askDns };
  };

  it('what the name server answers otherwise, also after some rounds, is unconfirmed', async () => {
    const { asked, askDns } = answering(() => true);
    const outcome = await new Bench('rrset', (port) => withVerbs(port, { askDns })).run([due(a(1))]);
    expect([statesOf(outcome), asked.length]).toEqual([['unconfirmed unconfirmed'], 5]);
    expect(outcome.names[0]).toMatchObject({ inDoubt: false, wrote: true, owned: { A: rrsetDigest(a(1)) }, reason: { text: 'vm1.example.com. A was written as 192.0.2.1, but the name server answers: 192.0.2.99.' } });
  });

  it('a late answer is an answer', async () => {
    const { askDns } = answering((round) => round < 3);
    expect(statesOf(await new Bench('rrset', (port) => withVerbs(port, { askDns })).run([due(a(1))]))).toEqual(['applied']);
  });

  it('a name server that is silent is not asked again and again', async () => {
    const { asked, askDns } = answering(() => true, true);
    expect([statesOf(await new Bench('rrset', (port) => withVerbs(port, { askDns })).run([due(a(1))])), asked]).toEqual([['unconfirmed unconfirmed'], [1]]);
  });

  it('where the API is proof, the first 32 RRsets are asked for; where it is not, all', async () => {
    const some = answering(() => false), all = answering(() => false);
    const names = range(70).map((at) => due(a(at)));
    await new Bench('rrset', (port) => withVerbs(port, { askDns: some.askDns })).run(names);
    const bench = new Bench('rrset', (port) => withVerbs(port, { askDns: all.askDns }));
    await bench.run(names, { capabilities: { ...bench.definition.capabilities, verify: 'dns' } });
    expect([some.asked, all.asked]).toEqual([[32], [32, 32, 6]]);
  });

  it('without proof and without a name server nothing is confirmed', async () => {
    const bench = new Bench('record');
    expect(statesOf(await bench.run([due(a(1))], { capabilities: { ...bench.definition.capabilities, verify: 'dns' } }))).toEqual(['unconfirmed unconfirmed']);
  });

  it('an unconfirmed name is asked for again without being written again', async () => {
    const { asked, askDns } = answering(() => false);
    const bench = new Bench('rrset', (port) => withVerbs(port, { askDns }));
    bench.hold(a(1));
    const outcome = await bench.run([{ ...ours(a(1), a(1)), confirm: true }]);
    expect([statesOf(outcome), outcome.calls.writes, asked]).toEqual([['applied'], 0, [1]]);
  });
});
