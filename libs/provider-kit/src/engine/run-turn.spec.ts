import { describe, expect, it } from '@jest/globals';
import { rrsetDigest, type Rrset } from '@vmdns/domain';
import { ProviderError } from '../port/provider-error.js';
import type { ZonePort } from '../port/provider.js';
import { memoryProvider } from '../testing/memory/memory-provider.js';
import { MemoryWorld } from '../testing/memory/memory-world.js';
import { rr, statesOf, Story } from '../testing/contract/story.js';
import { a, APEX, Bench, due, ours, range, vm, withVerbs } from '../spec/turn-bench.js';

describe('reading before writing', () => {
  it('up to 8 names are read by name, in one reading, without a look at the token', async () => {
    const bench = new Bench();
    const outcome = await bench.run(range(8).map((at) => due(a(at))));
    expect(outcome.calls).toEqual({ reads: 1, writes: 1 });
  });

  it('L6: where the token has not moved, nothing is read, however many names are due', async () => {
    const bench = new Bench();
    const first = await bench.run(range(50).map((at) => due(a(at))));
    expect(first.knowledge.token).toBe(String(bench.zone.serial));
    expect(first.wholeReading?.map((held) => held.type).sort()).toEqual(['NS', 'SOA']);
    bench.world.calls.reads = 0;
    const second = await bench.run(range(50).map((at) => ours(a(at), a(at, '192.0.2.2'))), { knowledge: first.knowledge });
    expect([new Set(statesOf(second)), second.calls]).toEqual([new Set(['applied']), { reads: 1, writes: 1 }]);
    expect(second.knowledge.token).toBe(String(bench.zone.serial));
  });

  it('L12: where the token has not moved and nothing differs, nothing is written', async () => {
    const bench = new Bench();
    const first = await bench.run(range(20).map((at) => due(a(at))));
    const second = await bench.run(range(20).map((at) => ours(a(at), a(at))), { knowledge: first.knowledge });
    expect(second.calls.writes).toBe(0);
    expect(second.knowledge).toEqual(first.knowledge);
  });

  it('a moved token means names, where they are few against the zone', async () => {
    const bench = new Bench();
    const outcome = await bench.run(range(20).map((at) => due(a(at))), { knowledge: { token: '0', zoneSize: 5_000 } });
    expect([outcome.wholeReading, outcome.calls.reads]).toEqual([undefined, 2]);
    expect(outcome.knowledge.token).toBeNull();
  });

  it('a moved token means the whole zone, where the names are many; then all is known again', async () => {
    const bench = new Bench();
    bench.hold(rr(vm('x'), 'TXT', 60, '"by hand"'));
    const outcome = await bench.run(range(20).map((at) => due(a(at))), { knowledge: { token: '0', zoneSize: 500 } });
    expect(outcome.wholeReading).toContainEqual({ name: vm('x'), type: 'TXT', digest: expect.any(String) });
    expect(outcome.knowledge).toEqual({ token: String(bench.zone.serial), zoneSize: 3 });
  });

  it('names in doubt are read whatever the token says', async () => {
    const bench = new Bench();
    const first = await bench.run(range(20).map((at) => due(a(at))));
    bench.zone.records = bench.zone.records.filter((record) => record.name !== vm(3));
    const doubted = range(20).map((at) => ({ ...ours(a(at), a(at)), mustRead: at === 3 }));
    const second = await bench.run(doubted, { knowledge: first.knowledge });
    expect([second.calls, bench.values(vm(3))]).toEqual([{ reads: 2, writes: 1 }, ['A 192.0.2.1']]);
  });

  it.each(['rrset', 'record'] as const)('L8: a server that was away is asked once, by %s, before more is asked', async (grain) => {
    const bench = new Bench(grain);
    bench.world.fault = 'refused-connection';
    const names = range(8).map((at) => due(a(at)));
    expect((await bench.run(names, { probe: true })).calls).toEqual({ reads: 1, writes: 0 });
    bench.world.fault = undefined;
    expect(new Set(statesOf(await bench.run(names, { probe: true })))).toEqual(new Set(['applied']));
  });

  it('L2: a reading that fails removes nothing and says so for every name', async () => {
    const bench = new Bench();
    bench.hold(a(1));
    bench.world.fault = 'server-error';
    const outcome = await bench.run([ours(a(1))]);
    expect([statesOf(outcome), outcome.failure?.kind, bench.values(vm(1)), outcome.names[0]?.owned]).toEqual([['failed provider-unreachable'], 'retry', ['A 192.0.2.1'], ours(a(1)).owned]);
  });

  it('L2: a whole reading that breaks off half way counts for nothing', async () => {
    const bench = new Bench('rrset', (port) => withVerbs(port, {
      readZone: (take) => { take([]); return Promise.reject(new ProviderError('retry', 'reading: cut short')); },
    }));
    bench.hold(...range(20).map((at) => a(at)));
    const outcome = await bench.run(range(20).map((at) => ours(a(at))));
    expect([new Set(statesOf(outcome)), outcome.calls.writes, bench.zone.records.length]).toEqual([new Set(['failed provider-unreachable']), 0, 23]);
  });

  it('L12: a name that came and went before it was written costs no call, and takes nothing of others', async () => {
    const bench = new Bench();
    bench.hold(a(1));
    const outcome = await bench.run([{ ...due(a(1)), wanted: [] }]);
    expect([statesOf(outcome), outcome.calls, bench.values(vm(1))]).toEqual([['applied'], { reads: 0, writes: 0 }, ['A 192.0.2.1']]);
  });

  it('L7: a name that cannot even be read stops nobody', async () => {
    const bench = new Bench('rrset', (port) => withVerbs(port, {
      readNames: async (names, signal) => {
        if (names.includes(vm(3))) throw new ProviderError('refused', 'reading vm3', { providerText: 'no such label' });
        return port.readNames(names, signal);
      },
    }));
    const outcome = await bench.run(range(6).map((at) => due(a(at))));
    expect(statesOf(outcome)).toEqual(range(6).map((at) => (at === 3 ? 'refused refused-by-provider' : 'applied')));
  });
});

describe('writing', () => {
  it('removals come first in the call', async () => {
    const kinds: string[] = [];
    const bench = new Bench('rrset', (port) => withVerbs(port, { write: (changes, held, signal) => { kinds.push(...changes.map((change) => change.kind)); return port.write(changes, held, signal); } }));
    bench.hold(a(1), rr(vm(2), 'CNAME', 300, vm(1)));
    const cname = rr(vm(2), 'CNAME', 300, vm(1));
    const outcome = await bench.run([due(a(3)), { ...ours(cname), wanted: [a(2)] }, ours(a(1))]);
    expect([statesOf(outcome), kinds]).toEqual([['applied', 'applied', 'applied'], ['remove', 'remove', 'put', 'put']]);
  });

  it('a call is never larger than the provider bears, and half of that after each turn without an answer', async () => {
    const sizes: number[] = [];
    const bench = new Bench('rrset', (port) => withVerbs(port, {
      chunk: { changesMax: 40, bytesMax: 1_000_000, sizeOf: () => 100 },
      write: (changes, held, signal) => { sizes.push(changes.length); return port.write(changes, held, signal); },
    }));
    await bench.run(range(100).map((at) => due(a(at))));
    expect(sizes).toEqual([40, 40, 20]);
    sizes.length = 0;
    await bench.run(range(100).map((at) => due(a(at, '192.0.2.2'), { owned: ours(a(at)).owned })), { attempt: 2 });
    expect(sizes).toEqual(Array.from({ length: 10 }, () => 10));
  });

  it('L5: a lost lease sends nothing more, and what was not tried stays as it was', async () => {
    const bench = new Bench('rrset', (port) => withVerbs(port, { chunk: { changesMax: 5, bytesMax: 1_000_000, sizeOf: () => 1 } }));
    let calls = 0;
    const outcome = await bench.run(range(12).map((at) => due(a(at))), {}, { beforeWrite: () => { calls += 1; return Promise.resolve(calls <= 1); } });
    expect(statesOf(outcome)).toEqual(range(12).map((at) => (at < 5 ? 'applied' : 'not-tried')));
    expect(bench.world.calls.writes).toBe(1);
  });

  it('L4: a lost answer leaves its names in doubt, and the others untried by this turn', async () => {
    const bench = new Bench('rrset', (port) => withVerbs(port, { chunk: { changesMax: 2, bytesMax: 1_000_000, sizeOf: () => 1 } }));
    bench.world.fault = 'lost-answer';
    const outcome = await bench.run([due(a(1)), due(a(2)), due(a(3))]);
    expect(outcome.names.map((one) => [one.state, one.inDoubt])).toEqual([['unconfirmed', true], ['unconfirmed', true], ['failed', false]]);
    expect(outcome.knowledge.token).toBeNull();
    bench.world.fault = undefined;
    const writing = [rrsetDigest(a(1))];
    const again = await bench.run([due(a(1), { writing, stillInDoubt: true }), due(a(2), { writing })]);
    expect(again.names.map((one) => [one.state, one.inDoubt, Object.keys(one.owned)])).toEqual([['unconfirmed', true, ['A']], ['applied', false, ['A']]]);
    expect(again.calls.writes).toBe(0);
  });

  it('L4: what a refused change has left half way is ours, as it stands', async () => {
    const left = a(1, '192.0.2.7');
    const bench = new Bench('record', (port) => withVerbs(port, { write: () => Promise.reject(new ProviderError('refused', 'adding a record', { left: [left] })) }));
    const outcome = await bench.run([due(rr(vm(1), 'A', 300, '192.0.2.7', '192.0.2.8'))]);
    expect([statesOf(outcome), outcome.names[0]?.owned, outcome.names[0]?.inDoubt]).toEqual([['refused refused-by-provider'], { A: rrsetDigest(left) }, false]);
  });

  it('L5: a write of several calls asks before each; stopped between two, its names are in doubt', async () => {
    const asked: number[] = [];
    const bench = new Bench('record', (port) => withVerbs(port, {
      callLifeMs: 90_000,
      write: async (_changes, _held, _signal, aid) => { await aid?.goOn(); return { tokenAfter: null }; },
    }));
    const outcome = await bench.run([due(a(1)), due(a(2))], {}, { beforeWrite: (_names, lifeMs) => { asked.push(lifeMs); return Promise.resolve(asked.length < 2); } });
    expect(asked).toEqual([90_000, 90_000]);
    expect([statesOf(outcome)[0], outcome.names[0]?.inDoubt, outcome.names[1]?.wrote]).toEqual(['unconfirmed unconfirmed', true, false]);
  });

  it('one zone may take many changes at once where its provider does not', async () => {
    const sizes: number[] = [];
    const bench = new Bench('record', (port) => withVerbs(port, { batch: true, chunk: { changesMax: 5_000, bytesMax: 1_000_000, sizeOf: () => 1 }, write: (changes) => { sizes.push(changes.length); return Promise.resolve({ tokenAfter: null }); } }));
    await bench.run(range(20).map((at) => due(a(at))));
    expect(sizes).toEqual([20]);
  });

  it('a full zone takes removals and replacements, and what would grow it waits', async () => {
    const bench = new Bench();
    bench.hold(a(1), a(2), a(3));
    bench.world.recordsMax = bench.zone.records.length;
    const outcome = await bench.run([due(a(8)), ours(a(1)), ours(a(2), a(2, '192.0.2.9')), due(a(9))]);
    expect(statesOf(outcome)).toEqual(['failed zone-full', 'applied', 'applied', 'failed zone-full']);
    expect(outcome.failure).toBeUndefined();
  });

  it('a locked database is tried once more at once', async () => {
    let times = 0;
    const bench = new Bench('rrset', (port) => withVerbs(port, {
      write: (changes, held, signal) => { times += 1; return times === 1 ? Promise.reject(new ProviderError('retry', 'writing', { answered: true })) : port.write(changes, held, signal); },
    }));
    expect([statesOf(await bench.run([due(a(1)), due(a(2))])), times]).toEqual([['applied', 'applied'], 2]);
  });

  it('observing writes nothing and says what it would do', async () => {
    const bench = new Bench();
    bench.hold(a(2, '192.0.2.9'));
    const outcome = await bench.run([due(a(1)), due(a(2))], { mode: 'observe' });
    expect([statesOf(outcome), outcome.calls.writes]).toEqual([['observed observed', 'observed foreign-record'], 0]);
    expect(outcome.names[0]?.reason?.text).toBe('Would put vm1.example.com. A 192.0.2.1 (TTL 300); the zone is only observed.');
    expect(outcome.changes).toEqual(['put vm1.example.com. A 192.0.2.1 (TTL 300)']);
  });

  it('an adapter that throws what it should not stops nothing but its turn', async () => {
    const bench = new Bench('rrset', (port) => withVerbs(port, { write: () => Promise.reject(new TypeError('x is undefined')) }));
    const outcome = await bench.run([due(a(1))]);
    expect(outcome.names.map((one) => [one.state, one.inDoubt])).toEqual([['unconfirmed', true]]);
  });
});

describe('L7: one bad record stops nobody', () => {
  const N = 500;
  it.each([
    { bad: 1, grain: 'rrset', named: true }, { bad: 5, grain: 'rrset', named: true }, { bad: 1, grain: 'rrset', named: false }, { bad: 5, grain: 'rrset', named: false },
    { bad: 1, grain: 'record', named: false }, { bad: 5, grain: 'record', named: false },
  ] as const)('$bad bad among 500, by $grain, named by the provider: $named', async ({ bad, grain, named }) => {
    const bench = new Bench(grain);
    bench.world.namesCulprit = named;
    const culprits = new Set(range(bad).map((at) => vm(37 + at * 97)));
    bench.world.refuses = (rrset) => (culprits.has(rrset.name) ? 'bad label' : undefined);
    const outcome = await bench.run(range(N).map((at) => due(a(at))));
    const refused = outcome.names.filter((one) => one.state === 'refused');
    expect(new Set(refused.map((one) => one.name))).toEqual(culprits);
    expect(refused.every((one) => one.reason?.code === 'refused-by-provider' && one.providerText === 'bad label' && Object.keys(one.owned).length === 0)).toBe(true);
    expect(outcome.names.filter((one) => one.state === 'applied').length).toBe(N - bad);
    expect(outcome.failure).toBeUndefined();
    const perCulprit = named ? 2 : 2 * Math.ceil(Math.log2(N));
    // One record a call: the bad ones cost their own call and no other.
    if (grain === 'record') expect(outcome.calls.writes).toBe(N);
    else expect(outcome.calls.writes).toBeLessThanOrEqual(1 + bad * perCulprit);
  });

  it('one record that makes the server fail is found once it has failed before', async () => {
    const poison = vm(0);
    const bench = new Bench('rrset', (port) => withVerbs(port, {
      write: (changes, held, signal) => (changes.some((change) => change.kind === 'put' && change.rrset.name === poison) ? Promise.reject(new ProviderError('retry', 'writing: 500', { answered: true })) : port.write(changes, held, signal)),
    }));
    const names = range(64).map((at) => due(a(at)));
    const first = await bench.run(names);
    expect([new Set(statesOf(first)), first.failure?.kind]).toEqual([new Set(['failed provider-unreachable']), 'retry']);
    const second = await bench.run(names, { attempt: 1 });
    expect([statesOf(second).filter((state) => state !== 'applied'), second.failure]).toEqual([['failed provider-unreachable'], undefined]);
  });

  it('a server that fails everything ends the turn after a few calls', async () => {
    const bench = new Bench('rrset', (port) => withVerbs(port, { write: () => Promise.reject(new ProviderError('retry', 'writing: 500', { answered: true })) }));
    const outcome = await bench.run(range(512).map((at) => due(a(at))), { attempt: 3 });
    expect(outcome.failure?.kind).toBe('retry');
    expect(outcome.calls.writes).toBeLessThan(16);
  });
});

describe('somebody else writes at the same time', () => {
  const meddle = (bench: () => Bench, rrset: Rrset, when: 'before' | 'after') => (port: ZonePort): ZonePort => {
    let done = false;
    const strike = (): void => {
      if (done) return;
      done = true;
      bench().zone.records = bench().zone.records.filter((record) => record.name !== rrset.name || record.type !== rrset.type);
      bench().hold(rrset);
      bench().zone.serial += 1;
    };
    return withVerbs(port, {
      write: async (changes, held, signal) => {
        if (when === 'before') strike();
        const receipt = await port.write(changes, held, signal);
        if (when === 'after') strike();
        return when === 'after' ? { tokenAfter: String(bench().zone.serial) } : receipt;
      },
    });
  };

  it('a foreign record that came between reading and writing is noticed and reported', async () => {
    const bench: Bench = new Bench('rrset', (port) => meddle(() => bench, rr(vm(1), 'TXT', 60, '"theirs"'), 'before')(port));
    const outcome = await bench.run([due(a(1))]);
    expect(statesOf(outcome)).toEqual(['applied']);
    expect(outcome.reports.map((report) => report.kind)).toEqual(['other-writer', 'other-writer']);
    expect(outcome.reports.map((report) => report.text).join(' ')).toMatch(/Somebody else changed example\.com\. .* got a TXT record/);
    expect([bench.values(vm(1)), outcome.names[0]?.foreign, outcome.knowledge.token]).toEqual([['A 192.0.2.1', 'TXT "theirs"'], ['TXT'], null]);
  });

  it('what they changed of ours is mended in the same turn, and told', async () => {
    const bench: Bench = new Bench('rrset', (port) => meddle(() => bench, a(1, '192.0.2.66'), 'after')(port));
    const outcome = await bench.run([due(a(1))]);
    expect([statesOf(outcome), bench.values(vm(1)), outcome.reports.map((report) => report.kind)]).toEqual([['applied'], ['A 192.0.2.1'], ['other-writer', 'drift']]);
  });

  it('a conflict told by the provider is read again and decided anew', async () => {
    let times = 0;
    const bench: Bench = new Bench('rrset', (port) => withVerbs(port, {
      write: (changes, held, signal) => {
        times += 1;
        if (times > 1) return port.write(changes, held, signal);
        bench.hold(a(1, '192.0.2.66'));
        return Promise.reject(new ProviderError('conflict', 'writing: changed meanwhile'));
      },
    }));
    expect(statesOf(await bench.run([due(a(1)), due(a(2))]))).toEqual(['refused foreign-record', 'applied']);
  });

  it('L4 a call that reached the provider twice is answered with a conflict the second time: what the first made is ours', async () => {
    let times = 0;
    const bench: Bench = new Bench('record', (port) => withVerbs(port, {
      write: async (changes, held, signal) => {
        times += 1;
        const receipt = await port.write(changes, held, signal);
        if (times === 1) throw new ProviderError('conflict', 'writing: an identical record already exists');
        return receipt;
      },
    }));
    bench.hold(a(2));
    const outcome = await bench.run([due(a(1)), ours(a(2), a(2, '192.0.2.9'))]);
    expect([statesOf(outcome), outcome.names.map(({ owned, foreign }) => [owned, foreign])]).toEqual([['applied', 'applied'], [[{ A: rrsetDigest(a(1)) }, []], [{ A: rrsetDigest(a(2, '192.0.2.9')) }, []]]]);
    expect(outcome.reports.filter(({ kind }) => kind === 'other-writer' || kind === 'drift')).toEqual([]);
  });
});

describe('a story of two hosts', () => {
  it('L12: a second host that knows nothing but the ledger changes nothing', async () => {
    const definition = memoryProvider('rrset', new MemoryWorld());
    const story = new Story(definition, APEX, { connection: { account: 'x' }, settings: {} });
    const wishes = Object.fromEntries(range(30).map((at) => [vm(at), [a(at)]]));
    await story.want(wishes);
    for (let again = 0; again < 3; again += 1) expect((await story.want(wishes)).calls.writes).toBe(0);
  });
});
