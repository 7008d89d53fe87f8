import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Bus } from '@vmdns/bus';
import { streams, type Caller, type SnapshotFault, type SnapshotStep } from '@vmdns/contracts';
import { freshDatabase, type NatsServer, startNats, type TestDatabase } from '@vmdns/test/support';
import { names, operator, Publisher, Replica, valueOf } from '../../testing/replica.js';

const PANEL: Caller = { name: 'panel', role: 'publisher', tenant: null, sources: ['cloud-a'] };

describe("a source's complete list", () => {
  let nats: NatsServer;
  let database: TestDatabase;
  let watcher: Bus;
  let publisher: Publisher;
  let replica: Replica;

  beforeAll(async () => { nats = await startNats(); });
  afterAll(() => nats.stop());
  beforeEach(async () => {
    database = await freshDatabase();
    watcher = await Bus.connect({ url: nats.url, name: 'watcher' });
    await watcher.ensureStreams(Object.values(streams));
    await watcher.whenReady(10_000);
    publisher = new Publisher(watcher);
    replica = await Replica.start({ nats: nats.url, postgres: await database.urlFor('inventory') });
  });
  afterEach(async () => {
    await replica.close();
    await watcher.close();
    await database.drop();
  });

  const fact = (vmId: string, ip = '192.0.2.1') => ({ vmId, addresses: [{ ip }] });
  const living = async (): Promise<readonly string[]> => (await database.query<{ vm_id: string }>('select vm_id from inventory.vm where deleted_at is null order by vm_id')).map((row) => row.vm_id);
  const begin = async (caller = PANEL, source = 'cloud-a') => publisher.rpc['snapshot-begin']({ source, caller });
  /** As the gateway does it, from the first line to the last step. */
  async function tell(facts: readonly unknown[], count = facts.length, caller = PANEL, source = 'cloud-a') {
    const { id } = valueOf(await begin(caller, source));
    const faults: SnapshotFault[] = [];
    for (let at = 0; at < facts.length; at += 500) {
      faults.push(...valueOf(await publisher.rpc['snapshot-add']({ id, caller, lines: facts.slice(at, at + 500).map((each, nth) => ({ line: at + nth + 1, fact: each })) })).faults);
    }
    const closed = await publisher.rpc['snapshot-close']({ id, count, caller });
    if (!closed.ok) return { refused: closed.problem.title };
    const sum = { stored: 0, known: 0, missing: 0, deleted: 0, held: 0, kept: 0 };
    for (let step: SnapshotStep | undefined; step?.more !== false;) {
      step = valueOf(await publisher.rpc['snapshot-step']({ id, caller }));
      faults.push(...step.faults);
      for (const key of ['stored', 'known', 'missing', 'deleted', 'held', 'kept'] as const) sum[key] += step[key];
      if (step.isKeptBack) return { ...sum, faults: faults.map(({ line }) => line), isKeptBack: true };
    }
    return { ...sum, ...(faults.length === 0 ? {} : { faults: faults.map(({ line }) => line) }) };
  }
  /** All that was seen missing was so a minute earlier. */
  const minuteLater = () => database.query(`update inventory.missing set first_at = first_at - interval '61 seconds'`);

  it('L2 deletes what two lists, a minute apart, do not have; new and different VMs are told, known ones not', async () => {
    expect(await tell(['a', 'b', 'c'].map((vmId) => fact(vmId)))).toEqual({ stored: 3, known: 0, missing: 0, deleted: 0, held: 0, kept: 0 });
    expect(await tell([fact('a'), fact('b', '192.0.2.2')])).toMatchObject({ stored: 1, known: 1, missing: 1, deleted: 0 });
    expect(await tell([fact('a'), fact('b', '192.0.2.2')])).toMatchObject({ missing: 1, deleted: 0 });
    expect(await living()).toEqual(['a', 'b', 'c']);
    await minuteLater();
    expect(await tell([fact('a'), fact('b', '192.0.2.2')])).toMatchObject({ stored: 0, known: 2, deleted: 1 });
    expect(await living()).toEqual(['a', 'b']);
    // Listed again, it lives again: a new life.
    expect(await tell([fact('a'), fact('b', '192.0.2.2'), fact('c')])).toMatchObject({ stored: 1 });
    expect(await living()).toEqual(['a', 'b', 'c']);
  });

  it('forgets a sighting when the VM is listed again, or when anything about it changes', async () => {
    await tell(['a', 'b', 'c'].map((vmId) => fact(vmId)));
    await tell([fact('a')]);
    await minuteLater();
    valueOf(await publisher.put('c', fact('c', '192.0.2.3'), { source: 'cloud-a', via: 'event', publisher: 'token panel' }));
    expect(await tell([fact('a'), fact('b')])).toMatchObject({ missing: 1, deleted: 0 });
    await minuteLater();
    expect(await tell([fact('a')])).toMatchObject({ missing: 2, deleted: 1 });
    expect(await living()).toEqual(['a', 'b']);
  });

  it('L2 changes nothing when it is cut off, or empty; nor does one that somebody gave up', async () => {
    await tell(['a', 'b'].map((vmId) => fact(vmId)));
    await tell([fact('a')]);
    await minuteLater();
    expect(await tell([fact('a', '192.0.2.9')], 2)).toEqual({ refused: 'The list says that it has 2 lines, and 1 came: it was cut off, so nothing was changed.' });
    expect(await tell([])).toEqual({ refused: 'The list is empty; an empty list changes nothing.' });
    const { id } = valueOf(await begin());
    valueOf(await publisher.rpc['snapshot-add']({ id, caller: PANEL, lines: [{ line: 1, fact: fact('a', '192.0.2.9') }] }));
    expect(await publisher.rpc['snapshot-step']({ id, caller: PANEL })).toMatchObject({ ok: false, problem: { status: 409 } });
    valueOf(await begin());
    expect(await publisher.rpc['snapshot-close']({ id, count: 1, caller: PANEL })).toMatchObject({ ok: false, problem: { status: 409 } });
    expect([await living(), (await database.query('select 1 from inventory.change')).length]).toEqual([['a', 'b'], 2]);
  });

  it('with a faulty line still has that VM; with one that is not readable nothing is taken for missing', async () => {
    await tell(['a', 'b', 'c'].map((vmId) => fact(vmId)));
    expect(await tell([fact('a'), { vmId: 'b', addresses: [{ ip: 'nonsense' }] }, fact('a', '192.0.2.8')])).toMatchObject({ known: 1, missing: 1, faults: [2, 3] });
    await minuteLater();
    expect(await tell([fact('a'), null, fact('d')])).toMatchObject({ stored: 1, deleted: 0, missing: 0, isKeptBack: true, faults: [2] });
    expect(await living()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('says nothing of VMs that another source told last, or that came while it was sent', async () => {
    await tell(['a', 'b'].map((vmId) => fact(vmId)));
    valueOf(await publisher.put('other', fact('other'), { source: 'http:platform' }));
    valueOf(await publisher.put('b', fact('b', '192.0.2.7'), { source: 'http:platform' }));
    await database.query(`update inventory.vm set body = jsonb_set(body, '{changedAt}', '"2999-01-01T00:00:00.000Z"') where vm_id = 'a'`);
    await tell([fact('z')]);
    expect(await database.query('select vm_id from inventory.missing')).toEqual([]);
  });

  it('L13 deletes under the brake, as one hold; what a person kept stays kept, also after a day', async () => {
    const vmIds = names(6);
    await publisher.rpc['brakes-put']({ brakes: { vmDeletions: { count: 2, share: 0, windowSeconds: 600 } }, caller: operator });
    await tell(vmIds.map((vmId) => fact(vmId)));
    await tell([fact('vm-0')]);
    await minuteLater();
    expect(await tell([fact('vm-0')])).toMatchObject({ deleted: 2, held: 3 });
    const [hold] = valueOf(await publisher.rpc['holds-list']({ state: 'open' })).items;
    expect(hold).toMatchObject({ scope: 'cloud-a', members: 3 });
    valueOf(await publisher.rpc['hold-decide']({ holdId: hold?.holdId ?? '', decision: 'reject', caller: operator }));
    await database.query(`update inventory.hold set decided_at = decided_at - interval '2 days'`);
    await database.query(`update inventory.deletion set at = at - interval '2 days'`);
    expect(await tell([fact('vm-0')])).toMatchObject({ deleted: 0, held: 0, kept: 3 });
    expect(await living()).toHaveLength(4);
  });

  it('takes a token that is bound to the source; one of a tenant speaks of its own VMs only', async () => {
    const tenant: Caller = { name: 'acme', role: 'publisher', tenant: 'acme', sources: ['cloud-a'] };
    for (const caller of [{ name: 'any', role: 'publisher', tenant: null }, { name: 'panel', role: 'publisher', tenant: null, sources: ['cloud-b'] }, { name: 'eve', role: 'viewer', tenant: null }] satisfies Caller[]) {
      expect(await begin(caller)).toMatchObject({ ok: false, problem: { status: 403 } });
    }
    valueOf(await begin({ name: 'own', role: 'publisher', tenant: null }, 'http:own'));
    valueOf(await begin(operator));
    await tell(['a', 'b'].map((vmId) => fact(vmId)));
    expect(await tell([fact('t')], 1, tenant)).toMatchObject({ stored: 1, missing: 0 });
    await minuteLater();
    expect(await tell([fact('t')], 1, tenant)).toMatchObject({ deleted: 0 });
    expect(await living()).toEqual(['a', 'b', 't']);
    const { id } = valueOf(await begin());
    expect(await publisher.rpc['snapshot-add']({ id, caller: tenant, lines: [{ line: 1, fact: fact('x') }] })).toMatchObject({ ok: false, problem: { status: 409 } });
  });
});
