import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Bus } from '@vmdns/bus';
import { streams } from '@vmdns/contracts';
import { freshDatabase, type NatsServer, startNats, type TestDatabase, until } from '@vmdns/test/support';
import { names, operator, platform, Publisher, Replica, valueOf } from '../../testing/replica.js';

describe('L13 deletions of VMs by one source', () => {
  let nats: NatsServer;
  let database: TestDatabase;
  let postgres: string;
  let watcher: Bus;
  let publisher: Publisher;
  let replica: Replica;

  beforeAll(async () => { nats = await startNats(); });
  afterAll(() => nats.stop());
  beforeEach(async () => {
    database = await freshDatabase();
    postgres = await database.urlFor('inventory');
    watcher = await Bus.connect({ url: nats.url, name: 'watcher' });
    await watcher.ensureStreams(Object.values(streams));
    await watcher.whenReady(10_000);
    publisher = new Publisher(watcher);
    replica = await Replica.start({ nats: nats.url, postgres });
  });
  afterEach(async () => {
    await replica.close();
    await watcher.close();
    await database.drop();
  });

  const living = async (): Promise<number> => (await database.query<{ n: number }>('select count(*)::int as n from inventory.vm where deleted_at is null'))[0]?.n ?? 0;
  const deleteAll = async (vmIds: readonly string[], source = 'http:platform') => {
    const answers = (await Promise.all(vmIds.map((vmId) => publisher.delete(vmId, {}, { source })))).map(valueOf);
    return { deleted: answers.filter((answer) => answer.accepted && answer.reason === undefined), held: answers.filter((answer) => answer.reason === 'held') };
  };
  const create = async (count: number, source = 'http:platform', prefix = 'vm'): Promise<readonly string[]> => {
    const vmIds = names(count, prefix);
    (await Promise.all(vmIds.map((vmId) => publisher.put(vmId, {}, { source })))).forEach(valueOf);
    return vmIds;
  };
  const brakes = (count: number, share = 0.05) => publisher.rpc['brakes-put']({ brakes: { vmDeletions: { count, share, windowSeconds: 600 } }, caller: operator });
  const onlyHold = async () => {
    const [hold, ...others] = valueOf(await publisher.rpc['holds-list']({})).items;
    expect(others).toEqual([]);
    if (hold === undefined) throw new Error('there is no hold');
    return hold;
  };
  const decide = (holdId: string, decision: 'approve' | 'reject', caller = operator) => publisher.rpc['hold-decide']({ holdId, decision, caller });
  /** A hold of some VMs, with the brake at one deletion: the first VM is gone, the others wait. */
  const heldVms = async (count: number) => {
    await brakes(1, 0);
    const [first = '', ...vmIds] = await create(count + 1);
    await deleteAll([first]);
    await deleteAll(vmIds);
    return { vmIds, holdId: (await onlyHold()).holdId };
  };

  it.each([
    ['50 of 100 VMs', 100, 60, 50],
    ['5 % of 1,200 VMs', 1200, 70, 60],
  ])('go through up to %s within the window; the rest waits as one hold', async (_, vms, deletions, through) => {
    const vmIds = await create(vms);
    const { deleted, held } = await deleteAll(vmIds.slice(0, deletions));
    expect([deleted.length, held.length, await living()]).toEqual([through, deletions - through, vms - through]);
    const hold = await onlyHold();
    expect(hold).toMatchObject({ service: 'inventory', kind: 'vm-deletions', scope: 'http:platform', state: 'open', members: deletions - through });
    expect(new Set(held.map((answer) => answer.holdId))).toEqual(new Set([hold.holdId]));
    expect(hold.text).toMatch(new RegExp(`^${deletions - through} deletions of VMs by http:platform wait for a person .*more than ${through} VMs within 600 seconds`));
    expect(valueOf(await publisher.rpc['vm-get']({ vmId: held[0]?.vmId ?? '', caller: platform }))).toMatchObject({ deleted: false, revision: 1, holdId: hold.holdId });
  });

  it('are counted by source: another source is not stopped', async () => {
    await create(70);
    const others = await create(10, 'http:other', 'other');
    await deleteAll(names(70));
    expect((await deleteAll(others, 'http:other')).deleted).toHaveLength(10);
  });

  it('are counted by whom they came as well: nobody uses up the brake of another who names the same source', async () => {
    await create(120, 'shared');
    const caller = { ...platform, sources: ['shared'] };
    const deleteAs = async (by: string, vmIds: readonly string[]) =>
      (await Promise.all(vmIds.map((vmId) => publisher.delete(vmId, {}, { source: 'shared', via: 'event', publisher: by, caller })))).map(valueOf).filter((answer) => answer.reason === 'held');
    expect(await deleteAs('token rogue', names(60))).toHaveLength(10);
    expect(await deleteAs('token panel', names(110).slice(60))).toHaveLength(0);
    const open = valueOf(await publisher.rpc['holds-list']({ state: 'open' })).items;
    expect(open).toMatchObject([{ scope: 'shared', members: 10, text: expect.stringContaining('told by token rogue') }]);
    expect(valueOf(await decide(open[0]?.holdId ?? '', 'reject'))).toMatchObject({ hold: { state: 'rejected' } });
  });

  it('L13 are counted together where a publisher may name any source: made-up names give no new brakes', async () => {
    await brakes(10, 0.5);
    const vmIds = await create(40, 'shared');
    // Half of the VMs of the sources that it names, which are none; in one batch and in several.
    const deleteAs = (vms: readonly string[], sourceOf: (at: number) => string) =>
      Promise.all(vms.map((vmId, at) => publisher.delete(vmId, {}, { source: sourceOf(at), via: 'event', publisher: 'token rogue' }))).then((replies) => replies.map(valueOf).filter((answer) => answer.reason === 'held'));
    expect(await deleteAs(vmIds.slice(0, 8), (at) => `made-up-${at}`)).toHaveLength(0);
    expect(await deleteAs(vmIds.slice(8, 18), (at) => `more-${at}`)).toHaveLength(8);
    expect(await living()).toBe(30);
    const hold = await onlyHold();
    expect(hold).toMatchObject({ scope: 'token rogue', members: 8, text: expect.stringMatching(/^8 deletions of VMs by token rogue wait .* because token rogue deleted more than 10 VMs/) });
    expect(valueOf(await decide(hold.holdId, 'approve'))).toMatchObject({ hold: { state: 'approved' } });
  });

  it('are counted over both replicas together', async () => {
    const second = await Replica.start({ nats: nats.url, postgres });
    const vmIds = await create(100);
    const answers = await Promise.all(vmIds.map((vmId, n) => (n % 2 === 0 ? replica : second).take('vmdns.vm.deleted.v1', { vmId })));
    await second.close();
    expect(answers.filter((reply) => reply?.ok === true && reply.value.reason === undefined)).toHaveLength(50);
    expect(await living()).toBe(50);
    expect(await onlyHold()).toMatchObject({ members: 50 });
  });

  it('go through again when the window has passed and nothing is held', async () => {
    await brakes(2, 0);
    const vmIds = await create(4);
    await deleteAll(vmIds.slice(0, 2));
    await database.query(`update inventory.deletion set at = at - interval '601 seconds'`);
    expect((await deleteAll(vmIds.slice(2))).deleted).toHaveLength(2);
  });

  it('join the open hold also after the window, until a person has decided', async () => {
    const { holdId } = await heldVms(1);
    const [late = ''] = await create(1, 'http:platform', 'late');
    await database.query(`update inventory.deletion set at = at - interval '601 seconds'`);
    expect((await deleteAll([late])).held).toMatchObject([{ holdId }]);
    valueOf(await decide(holdId, 'reject'));
    const [next = ''] = await create(1, 'http:platform', 'next');
    expect((await deleteAll([next])).deleted).toHaveLength(1);
  });

  it('L13 says of each VM what would go, and which of its addresses another VM has by now', async () => {
    const { holdId } = await heldVms(1);
    valueOf(await publisher.put('old', { fqdn: 'old.example.com', addresses: [{ ip: '192.0.2.50' }, { ip: '192.0.2.51' }] }));
    await deleteAll(['old']);
    valueOf(await publisher.put('new', { addresses: [{ ip: '192.0.2.51' }] }));
    const old = valueOf(await publisher.rpc['hold-show']({ holdId })).members.find((member) => member.vmId === 'old');
    expect(old).toEqual({ vmId: 'old', text: expect.stringMatching(/^VM old \(old\.example\.com\.?, 192\.0\.2\.50, 192\.0\.2\.51, life 1, revision 1\) waits; 192\.0\.2\.51 is used by another VM by now\.$/), usedByOthers: ['192.0.2.51'] });
  });

  it('approved: exactly the members that are unchanged are deleted, with an event each; a newer fact took its VM off', async () => {
    const { vmIds, holdId } = await heldVms(4);
    const [changed = '', repeated = '', ...others] = vmIds;
    valueOf(await publisher.put(changed, { addresses: [{ ip: '192.0.2.99' }] }));
    valueOf(await publisher.put(repeated));
    expect(valueOf(await publisher.rpc['hold-show']({ holdId })).members.map((member) => member.vmId)).toEqual(others);
    const before = (await replica.changes()).length;
    expect(valueOf(await decide(holdId, 'approve'))).toMatchObject({ released: 2, changed: [], hold: { state: 'approved', decidedBy: 'olga', members: 2 } });
    expect((await replica.changes()).slice(before).map((state) => [state.vmId, state.deleted, state.revision])).toEqual(others.map((vmId) => [vmId, true, 2]));
    expect(await living()).toBe(2);
    expect(valueOf(await decide(holdId, 'approve'))).toMatchObject({ released: 2 });
    expect(await decide(holdId, 'reject')).toMatchObject({ ok: false, problem: { status: 409 } });
  });

  it('approved: a member whose row changed by any other way is left out and named', async () => {
    const { vmIds: [odd = '', ...others], holdId } = await heldVms(3);
    await database.query(`update inventory.hold_member set revision = 0 where vm_id = $1`, [odd]);
    expect(valueOf(await decide(holdId, 'approve'))).toMatchObject({ released: others.length, changed: [odd] });
    expect(valueOf(await publisher.rpc['vm-get']({ vmId: odd, caller: platform }))).toMatchObject({ deleted: false });
  });

  it('approved by a process that died: another carries on', async () => {
    const { vmIds, holdId } = await heldVms(3);
    await database.query(`update inventory.hold set state = 'approved', decided_by = 'olga', decided_at = now() where hold_id = $1`, [holdId]);
    const second = await Replica.start({ nats: nats.url, postgres });
    await until(async () => (await living()) === 0);
    await second.close();
    expect(valueOf(await publisher.rpc['hold-show']({ holdId })).members.map((member) => member.text)).toEqual(vmIds.map((vmId) => expect.stringMatching(`VM ${vmId} .*was deleted`)));
  });

  it('rejected: the VMs are kept, and the same deletion again is not held again', async () => {
    const { vmIds: [vmId = ''], holdId } = await heldVms(1);
    expect(valueOf(await decide(holdId, 'reject'))).toMatchObject({ released: 0, changed: [], hold: { state: 'rejected', members: 1 } });
    expect(valueOf(await publisher.delete(vmId))).toMatchObject({ accepted: false, reason: 'repeat', text: expect.stringMatching(/A person decided that this VM stays/) });
    const view = valueOf(await publisher.rpc['vm-get']({ vmId, caller: platform }));
    expect(view).toMatchObject({ deleted: false, revision: 1 });
    expect(view.holdId).toBeUndefined();
    expect((await onlyHold()).state).toBe('rejected');
    valueOf(await publisher.put(vmId, { fqdn: 'new.example.com' }));
    expect(valueOf(await publisher.delete(vmId))).toMatchObject({ reason: 'held' });
  });

  it('are decided by operators and admins only, and by nobody who guesses an id', async () => {
    const { holdId } = await heldVms(1);
    expect(await decide(holdId, 'approve', platform)).toMatchObject({ ok: false, problem: { status: 403 } });
    expect(await decide('vmh-none', 'approve')).toMatchObject({ ok: false, problem: { status: 404 } });
    expect(await publisher.rpc['brakes-put']({ brakes: {}, caller: platform })).toMatchObject({ ok: false, problem: { status: 403 } });
  });

  it('have a setting, with defaults', async () => {
    expect(valueOf(await publisher.rpc['brakes-get']({}))).toEqual({ vmDeletions: { count: 50, share: 0.05, windowSeconds: 600 } });
    await brakes(7, 0.5);
    expect(valueOf(await publisher.rpc['brakes-get']({}))).toEqual({ vmDeletions: { count: 7, share: 0.5, windowSeconds: 600 } });
  });

  it('are listed page by page, newest first', async () => {
    await brakes(1, 0);
    for (const source of ['a', 'b', 'c']) {
      const vmIds = await create(3, source, source);
      await deleteAll(vmIds, source);
    }
    const first = valueOf(await publisher.rpc['holds-list']({ limit: 2, state: 'open' }));
    const second = valueOf(await publisher.rpc['holds-list']({ limit: 2, state: 'open', ...(first.next === undefined ? {} : { cursor: first.next }) }));
    expect([...first.items, ...second.items].map((hold) => hold.scope)).toEqual(['c', 'b', 'a']);
    expect(second.next).toBeUndefined();
    const [{ holdId } = { holdId: '' }] = first.items;
    const page = valueOf(await publisher.rpc['hold-show']({ holdId, limit: 1 }));
    expect(page.members).toHaveLength(1);
    expect(valueOf(await publisher.rpc['hold-show']({ holdId, limit: 1, cursor: page.next ?? '' })).next).toBeUndefined();
  });

  it('and a preview says so beforehand, with what else facts would be answered; nothing is stored and nothing said', async () => {
    const said = async () => (await watcher.connection.current?.manager.streams.info('EVENT'))?.state.last_seq ?? 0;
    const saidBefore = await said();
    await brakes(1, 0);
    const [first = '', second = '', third = ''] = await create(3);
    const fact = (vmId: string, data: object = {}, type = 'vmdns.vm.changed.v1') => ({ type, data: { vmId, ...data }, source: 'http:platform', caller: platform });
    const told = async () => {
      const tables = ['vm', 'change', 'deletion', 'hold', 'hold_member', 'setting'];
      const rows = await Promise.all(tables.map((table) => database.query<{ sum: string }>(`select md5(coalesce(string_agg(t::text || t.ctid, ',' order by t.tableoid, t.ctid), '')) as sum from inventory.${table} t`)));
      const claims = await database.query('select last_value, is_called from inventory.claim');
      const states = await Promise.all(Object.values(streams).map(async ({ name }) => (await watcher.connection.current?.manager.streams.info(name))?.state.last_seq));
      return JSON.stringify([rows, claims, states]);
    };
    await until(async () => await said() === saidBefore + 3, { what: 'the events of three VMs' });
    const before = await told();
    const preview = valueOf(await publisher.rpc['facts-preview']({ facts: [
      fact(first, {}, 'vmdns.vm.deleted.v1'), fact(second, {}, 'vmdns.vm.deleted.v1'), fact(third, { addresses: [{ ip: '192.0.2.9' }] }), fact(third, { addresses: [{ ip: '192.0.2.9' }] }),
      fact('new', { fqdn: 'new.example.com', addresses: [{ ip: '2001:DB8::1' }] }), fact('bad', { addresses: [{ ip: '192.0.2.300' }] }), fact('nobody', {}, 'vmdns.vm.deleted.v1'),
    ] }));
    expect(await told()).toBe(before);
    expect(preview.facts.map(({ vmId, answer, problem }) => [vmId, answer?.accepted, answer?.reason, problem?.faults?.map((fault) => fault.path)])).toEqual([
      [first, true, undefined, undefined], [second, true, 'held', undefined], [third, true, undefined, undefined], [third, false, 'repeat', undefined],
      ['new', true, undefined, undefined], ['bad', undefined, undefined, ['addresses[0].ip']], ['nobody', false, 'unknown-vm', undefined],
    ]);
    expect(preview.states.map((state) => [state.vmId, state.deleted, state.revision, state.fqdn, state.addresses.map(({ ip }) => ip)])).toEqual([
      [first, true, 2, null, []], [third, false, 2, null, ['192.0.2.9']], ['new', false, 1, 'new.example.com.', ['2001:db8::1']],
    ]);
    const claims = preview.states.flatMap((state) => [state.nameClaim, ...state.addresses.map(({ claim }) => claim)]).filter((claim) => claim !== null);
    expect(new Set(claims).size).toBe(claims.length);
  });
});
