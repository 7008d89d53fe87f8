import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from '@jest/globals';
import { Bus } from '@vmdns/bus';
import { DeadLetterEvent, NoticeEvent, type RpcReply, type FactAnswer, streams, subjects, VmStateEvent } from '@vmdns/contracts';
import { freshDatabase, type NatsServer, startNats, type TestDatabase, tcpProxy, until } from '@vmdns/test/support';
import { names, patiently, platform, Publisher, Replica, valueOf } from '../../testing/replica.js';
import { admitFact } from './fact-door.js';
import { Forgetter } from '../housekeeping/forgetter.js';
import { FactIntake } from './fact.intake.js';
import { FactService } from './fact.service.js';

describe('inventory on real servers', () => {
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
    for (const stream of ['INGEST', 'EVENT', 'DEADLETTER'] as const) await watcher.connection.current?.manager.streams.purge(stream);
    publisher = new Publisher(watcher);
    replica = await Replica.start({ nats: nats.url, postgres });
  });
  afterEach(async () => {
    await replica.close();
    await watcher.close();
    await database.drop();
  });

  const messages = async (stream: 'EVENT' | 'DEADLETTER' | 'INGEST'): Promise<number> => (await watcher.connection.current?.manager.streams.info(stream))?.state.messages ?? 0;
  const bodies = async (stream: 'EVENT' | 'DEADLETTER'): Promise<unknown[]> => {
    const manager = watcher.connection.current?.manager;
    const state = (await manager?.streams.info(stream))?.state;
    const found: unknown[] = [];
    for (let seq = state?.first_seq ?? 1; seq <= (state?.last_seq ?? 0); seq += 1) found.push((await manager?.streams.getMessage(stream, { seq }))?.json());
    return found;
  };
  const events = async () => (await bodies('EVENT')).map((event) => VmStateEvent.parse(event).data);
  const notices = async () => (await bodies('DEADLETTER')).flatMap((event) => { const notice = NoticeEvent.safeParse(event); return notice.success ? [notice.data.data] : []; });
  const deadLetters = async () => (await bodies('DEADLETTER')).flatMap((event) => { const letter = DeadLetterEvent.safeParse(event); return letter.success ? [letter.data.data] : []; });
  /** What the database's own counters say; whole once every connection that did something has ended. */
  const counters = async () => database.query<{ relname: string; writes: number; reads: number }>(
    `select relname, (n_tup_ins + n_tup_upd + n_tup_del)::int as writes, (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as reads
     from pg_stat_user_tables where schemaname = 'inventory' and relname !~ 'migrations' order by relname`);
  const restart = async () => {
    await replica.close();
    replica = await Replica.start({ nats: nats.url, postgres });
  };

  it('says what was stored: 202, one change row, one event of the whole state', async () => {
    expect(valueOf(await publisher.put('vm-1', { fqdn: 'Web.Example.com', version: 7, addresses: [{ ip: '2001:DB8::1' }, { ip: '192.0.2.1', ptr: 'mail.example.com' }] })))
      .toEqual({ vmId: 'vm-1', accepted: true, revision: 1, version: 7 });
    const state = {
      vmId: 'vm-1', tenant: null, source: 'http:platform', life: 1, version: 7, revision: 1, deleted: false, fqdn: 'web.example.com.',
      addresses: [{ ip: '2001:db8::1', ptr: null, customerPtr: null }, { ip: '192.0.2.1', ptr: 'mail.example.com.' }],
    };
    await until(async () => (await messages('EVENT')) === 1);
    expect(await events()).toMatchObject([state]);
    expect(await replica.changes()).toEqual(await events());
    expect(valueOf(await publisher.rpc['vm-get']({ vmId: 'vm-1', caller: platform }))).toMatchObject(state);
  });

  it('lives through create, re-address, customer PTR, delete and a new life', async () => {
    const revisions = [
      await publisher.put('vm-1', { fqdn: 'a.example.com' }),
      await publisher.put('vm-1', { fqdn: 'a.example.com', addresses: [{ ip: '192.0.2.1' }, { ip: '192.0.2.2' }] }),
      await publisher.ptr('vm-1', '192.0.2.1', 'customer.example.org'),
      await publisher.delete('vm-1'),
      await publisher.put('vm-1', { fqdn: 'b.example.com' }),
    ].map((reply) => valueOf(reply).revision);
    expect(revisions).toEqual([1, 2, 3, 4, 5]);
    const [first, second, third, fourth, fifth] = await replica.changes();
    expect(second?.addresses[0]?.claim).toBe(first?.addresses[0]?.claim);
    expect(third?.addresses).toMatchObject([{ customerPtr: 'customer.example.org.' }, { customerPtr: null }]);
    expect(fourth).toMatchObject({ deleted: true, life: 1, addresses: [] });
    expect(fifth).toMatchObject({ deleted: false, life: 2, addresses: [{ customerPtr: null }] });
    expect(fifth?.addresses[0]?.claim).toBeGreaterThan(second?.addresses[1]?.claim ?? Infinity);
  });

  it('stores nothing of a bad fact, and names every path', async () => {
    const reply = await publisher.put('vm-1', { fqdn: 'x', colour: 'red', addresses: [{ ip: '192.0.2.256' }] });
    expect(reply).toMatchObject({ ok: false, problem: { status: 400, code: 'bad-input' } });
    expect(reply.ok ? [] : reply.problem.faults?.map((fault) => fault.path).sort()).toEqual(['addresses[0].ip', 'colour', 'fqdn']);
    expect(await replica.changes()).toEqual([]);
  });

  it('one bad fact in a batch stops nobody (L7)', async () => {
    const replies = await patiently(() => replica.service.app.get(FactService).answer(
      ['vm-1', '-odd', 'vm-2'].map((vmId) => ({ type: 'vmdns.vm.changed.v1', source: 'p', caller: platform, data: { vmId, addresses: [] } }))));
    expect(replies.map((reply) => reply.ok)).toEqual([true, false, true]);
  });

  it.each<[string, (p: Publisher) => Promise<RpcReply<FactAnswer>>, object]>([
    ['the same fact again', (p) => p.put('vm-1', { version: 2 }), { accepted: false, reason: 'repeat', revision: 1, version: 2 }],
    ['an older version', (p) => p.put('vm-1', { version: 1 }), { accepted: false, reason: 'stale', revision: 1, current: { version: 2, revision: 1 } }],
    ['the deletion of an unknown VM', (p) => p.delete('vm-9'), { accepted: false, reason: 'unknown-vm', revision: 0 }],
    ['a PTR of an unknown VM', (p) => p.ptr('vm-9', '192.0.2.1', null), { accepted: false, reason: 'unknown-vm', revision: 0 }],
  ])('%s is no error, and the answer says what was ignored', async (_, call, expected) => {
    await publisher.put('vm-1', { version: 2 });
    const answer = valueOf(await call(publisher));
    expect(answer).toMatchObject(expected);
    expect(answer.text).toEqual(expect.any(String));
    expect(await replica.changes()).toHaveLength(1);
  });

  it('ignores a late create of an old life', async () => {
    await publisher.put('vm-1', { uid: 'first' });
    await publisher.delete('vm-1', { uid: 'first' });
    expect(valueOf(await publisher.put('vm-1', { uid: 'first' }))).toMatchObject({ accepted: false, reason: 'old-life' });
    expect(valueOf(await publisher.put('vm-1', { uid: 'second' }))).toMatchObject({ accepted: true, revision: 3 });
    expect(valueOf(await publisher.put('vm-1', { uid: 'first' }))).toMatchObject({ accepted: false, reason: 'old-life' });
  });

  it('answers the same version with other content as 409, a foreign tenant as 403, an address the VM has not as 404', async () => {
    await publisher.put('vm-1', { version: 1, tenant: 'other' });
    const acme = { ...platform, tenant: 'acme' };
    expect(await publisher.put('vm-1', { version: 1, hostname: 'b' })).toMatchObject({ ok: false, problem: { status: 409, code: 'conflict' } });
    expect(await publisher.put('vm-1', { version: 2 }, { caller: acme })).toMatchObject({ ok: false, problem: { status: 403, code: 'forbidden' } });
    expect(await publisher.ptr('vm-1', '192.0.2.77', 'a.example.com')).toMatchObject({ ok: false, problem: { status: 404, faults: [{ path: 'ip' }] } });
    expect(await publisher.rpc['vm-get']({ vmId: 'vm-1', caller: acme })).toMatchObject({ ok: false, problem: { status: 404 } });
  });

  it('L12 takes thousands of unchanged VMs again: no row, no event, one read for a whole batch', async () => {
    const vmIds = names(3000);
    const data = (vmId: string): object => ({ fqdn: `${vmId}.example.com`, addresses: [{ ip: `10.1.${Number(vmId.slice(3)) >> 8}.${Number(vmId.slice(3)) & 255}` }] });
    await publisher.putAll(vmIds, data);
    await until(async () => (await messages('EVENT')) === 3000, { withinMs: 20_000 });
    await restart();
    const before = await until(async () => { const all = await counters(); return all.some((of) => of.relname === 'vm' && of.writes === 3000) ? all : undefined; });
    const claim = await database.query('select last_value from inventory.claim');
    const again = await publisher.putAll(vmIds, data);
    expect(new Set(again.map((reply) => valueOf(reply).reason))).toEqual(new Set(['repeat']));
    await Promise.all(vmIds.map((vmId) => publisher.ingest('vmdns.vm.changed.v1', { vmId, ...data(vmId) }, { source: 'http:platform' })));
    await until(async () => (await notices()).length > 0);
    await until(async () => { const info = await watcher.connection.current?.manager.consumers.info('INGEST', 'inventory'); return info?.num_pending === 0 && info.num_ack_pending === 0; });
    await restart();
    const readOf = (all: Awaited<ReturnType<typeof counters>>) => all.find((of) => of.relname === 'vm')?.reads ?? 0;
    const after = await until(async () => { const all = await counters(); return readOf(all) - readOf(before) >= 6000 ? all : undefined; });
    // An ask that was given up on a busy machine is asked, and read, again.
    expect(readOf(after) - readOf(before)).toBeLessThan(9000);
    expect(after.map((of) => [of.relname, of.writes])).toEqual(before.map((of) => [of.relname, of.writes]));
    expect(await messages('EVENT')).toBe(3000);
    expect(await replica.changes()).toHaveLength(3000);
    expect(await database.query('select last_value from inventory.claim')).toEqual(claim);
    expect((await notices()).every((notice) => notice.code === 'repeat')).toBe(true);
    expect((await notices()).length).toBeLessThan(1000);
  }, 60_000);

  it('takes facts of the bus, answers them after the commit where asked, and puts the malformed aside with all faults', async () => {
    const replies: unknown[] = [];
    const inbox = '_INBOX.test.1';
    const stop = watcher.subscribe('_INBOX.test.*', (body) => replies.push(body));
    await watcher.connection.current?.nats.flush();
    await publisher.ingest('vmdns.vm.changed.v1', { vmId: 'vm-1', addresses: [{ ip: '192.0.2.1' }], version: 2 }, { subject: subjects.ingest.tenant('acme'), replyTo: inbox });
    await until(() => replies.length === 1);
    await publisher.ingest('vmdns.vm.changed.v1', { vmId: 'vm-1', addresses: [{ ip: '192.0.2.1' }], version: 1 }, { subject: subjects.ingest.tenant('acme'), replyTo: inbox });
    await until(() => replies.length === 2);
    await publisher.ingest('vmdns.vm.changed.v1', { vmId: 'vm 2', colour: 1, addresses: [{ ip: '::' }] }, { replyTo: inbox });
    await until(() => replies.length === 3);
    await publisher.ingest('vmdns.vm.changed.v1', { vmId: 'vm-1', addresses: [] }, { subject: subjects.ingest.tenant('other') });
    await publisher.ingest('vmdns.vm.changed.v1', { vmId: 'vm-3', addresses: [], labels: { big: 'x'.repeat(120_000) } });
    await until(async () => (await deadLetters()).length === 3 && (await notices()).length === 1);
    stop();
    expect(replies).toMatchObject([
      { ok: true, value: { vmId: 'vm-1', accepted: true, revision: 1, version: 2 } },
      { ok: true, value: { vmId: 'vm-1', accepted: false, reason: 'stale', current: { version: 2, revision: 1 } } },
      { ok: false, problem: { status: 400 } },
    ]);
    expect(await events()).toMatchObject([{ vmId: 'vm-1', tenant: 'acme', source: 'platform' }]);
    expect(await notices()).toMatchObject([{ service: 'inventory', vmId: 'vm-1', code: 'stale', source: 'platform' }]);
    const reasons = (await deadLetters()).map((letter) => letter.reason);
    expect(reasons.find((reason) => reason.includes('colour'))).toMatch(/vmId: .*addresses\[0\]\.ip: /s);
    expect(reasons.some((reason) => /another tenant/.test(reason))).toBe(true);
    expect(reasons.some((reason) => /too large/.test(reason))).toBe(true);
  });

  it('walk e, inventory’s part: a deletion that overtook its create is remembered, and the late create is ignored and said so', async () => {
    await publisher.ingest('vmdns.vm.deleted.v1', { vmId: 'vm-1' }, { time: '2026-01-01T10:00:00Z' });
    await until(async () => (await notices()).length === 1);
    expect(await publisher.rpc['vm-get']({ vmId: 'vm-1', caller: platform })).toMatchObject({ ok: false, problem: { status: 404 } });
    await publisher.ingest('vmdns.vm.changed.v1', { vmId: 'vm-1', addresses: [{ ip: '192.0.2.1' }] }, { time: '2026-01-01T09:59:59Z' });
    await until(async () => (await notices()).length === 2);
    expect((await notices()).map((notice) => notice.code)).toEqual(['unknown-vm', expect.stringMatching(/^(stale|old-life)$/)]);
    expect(await replica.changes()).toEqual([]);
    await publisher.ingest('vmdns.vm.changed.v1', { vmId: 'vm-1', addresses: [{ ip: '192.0.2.1' }] }, { time: '2026-01-01T10:00:01Z' });
    await until(async () => (await messages('EVENT')) === 1);
    expect(await events()).toMatchObject([{ vmId: 'vm-1', deleted: false, revision: 1 }]);
  });

  it('never answers to a subject that is no inbox', async () => {
    await publisher.ingest('vmdns.vm.changed.v1', { vmId: 'vm-1', addresses: [] }, { replyTo: 'vmdns.event.vm.forged' });
    await until(async () => (await messages('EVENT')) === 1);
    expect(await events()).toMatchObject([{ vmId: 'vm-1' }]);
  });

  it('finds VMs by address, name and tenant, page by page, and shows a tenant only its own', async () => {
    await publisher.putAll(names(5), (vmId) => ({ fqdn: `${vmId}.example.com`, tenant: 'acme', addresses: [{ ip: '2001:db8::1' }] }));
    await publisher.put('other', { hostname: 'web', domain: 'example.org', tenant: 'other', addresses: [{ ip: '2001:db8::1' }] });
    await publisher.delete('vm-4');
    const find = async (ask: object, tenant: string | null = null) => {
      const page = valueOf(await publisher.rpc['vm-find']({ ...ask, caller: { ...platform, tenant } }));
      return { ids: page.items.map((vm) => vm.vmId), next: page.next };
    };
    expect(await find({ ip: '2001:DB8:0:0::1' })).toEqual({ ids: ['other', 'vm-0', 'vm-1', 'vm-2', 'vm-3'], next: undefined });
    expect(await find({ ip: '2001:db8::1', limit: 2 }, 'acme')).toEqual({ ids: ['vm-0', 'vm-1'], next: 'vm-1' });
    expect(await find({ ip: '2001:db8::1', limit: 2, cursor: 'vm-1' }, 'acme')).toEqual({ ids: ['vm-2', 'vm-3'], next: undefined });
    expect(await find({ name: 'VM-3.example.com' })).toEqual({ ids: ['vm-3'], next: undefined });
    expect(await find({ name: 'web' })).toEqual({ ids: ['other'], next: undefined });
    expect(await find({ name: 'web.example.org.' }, 'acme')).toEqual({ ids: [], next: undefined });
    expect(await find({ tenant: 'other' }, 'acme')).toEqual({ ids: [], next: undefined });
    expect(await publisher.rpc['vm-find']({ ip: '1', caller: platform })).toMatchObject({ ok: false, problem: { status: 400, faults: [{ path: 'ip' }] } });
  });

  it('walk f, inventory’s part: two VMs that claim one address in two replicas at once get two different claims', async () => {
    const second = await Replica.start({ nats: nats.url, postgres });
    const put = (of: Replica, vmId: string) => of.take('vmdns.vm.changed.v1', { vmId, fqdn: 'same.example.com', addresses: [{ ip: '192.0.2.5' }] });
    for (let round = 0; round < 10; round += 1) await Promise.all([put(replica, `a-${round}`), put(second, `b-${round}`)]);
    await second.close();
    const claims = (await replica.changes()).flatMap((state) => [state.nameClaim, ...state.addresses.map((address) => address.claim)]);
    expect(claims).toHaveLength(40);
    expect(new Set(claims).size).toBe(40);
  });

  it('walk n: two revisions of one VM through two replicas are ordered, none lost, none doubled', async () => {
    const second = await Replica.start({ nats: nats.url, postgres });
    const say = async (of: Replica, version: number) => {
      const admission = admitFact({ type: 'vmdns.vm.changed.v1', source: 'p', caller: platform, data: { vmId: 'vm-1', fqdn: `v${version}.example.com`, version, addresses: [{ ip: '192.0.2.1' }] } });
      if (!admission.ok) throw new Error('not admitted');
      return patiently(() => of.service.app.get(FactIntake).take([admission]));
    };
    const verdicts = (await Promise.all(Array.from({ length: 40 }, (_, n) => say(n % 2 === 0 ? replica : second, n + 1)))).flat();
    await second.close();
    const accepted = verdicts.filter((verdict) => verdict.kind === 'accepted').length;
    const changes = await replica.changes();
    expect(verdicts.every((verdict) => verdict.kind === 'accepted' || (verdict.kind === 'ignored' && verdict.decision.reason === 'stale'))).toBe(true);
    expect(changes.map((state) => state.revision).sort((a, b) => a - b)).toEqual(Array.from({ length: accepted }, (_, n) => n + 1));
    const last = changes.reduce((high, state) => (state.revision > high.revision ? state : high));
    expect(last).toMatchObject({ version: 40, fqdn: 'v40.example.com.' });
    expect(new Set(changes.map((state) => state.addresses[0]?.claim)).size).toBe(1);
  });

  it('facts about one VM count in the order in which they came, also where they are taken by batches that overlap', async () => {
    const intake = replica.service.app.get(FactIntake);
    const say = (type: 'vmdns.vm.changed.v1' | 'vmdns.vm.deleted.v1', more: object) => {
      const admission = admitFact({ type, source: 'p', caller: platform, data: { vmId: 'vm-1', ...more } });
      if (!admission.ok) throw new Error('not admitted');
      return admission;
    };
    const state = (ip: string) => say('vmdns.vm.changed.v1', { fqdn: 'vm.example.com', addresses: [{ ip }] });
    for (let round = 0; round < 20; round += 1) {
      // The first was given up by its caller, who sends the second instead.
      const [, verdicts] = await patiently(() => Promise.all([intake.take([state('192.0.2.1'), say('vmdns.vm.deleted.v1', {})]), intake.take([state('192.0.2.2')])]));
      expect(verdicts.map((verdict) => verdict.kind)).toEqual(['accepted']);
      const last = (await replica.changes()).reduce((high, one) => (one.revision > high.revision ? one : high));
      expect(last).toMatchObject({ deleted: false, addresses: [{ ip: '192.0.2.2' }] });
    }
  });

  it('forgets a VM long gone and what was said anew since, nothing else; an id that comes back begins above what others may know', async () => {
    const at = (vmId: string, version: number) => publisher.put(vmId, { fqdn: `${vmId}.example.com`, version, addresses: [{ ip: '192.0.2.1' }] });
    for (const vmId of ['gone', 'lately', 'alive']) for (const version of [1, 2, 3]) valueOf(await at(vmId, version));
    for (const vmId of ['gone', 'lately']) valueOf(await publisher.delete(vmId));
    await replica.store.query("update vm set deleted_at = deleted_at - interval '91 days' where vm_id = 'gone'");
    await replica.store.query("update vm set deleted_at = deleted_at - interval '89 days' where vm_id = 'lately'");
    await replica.store.query("update change set at = at - interval '8 days' where key <> 'young'");
    valueOf(await at('young', 1));
    valueOf(await at('young', 2));
    const forgetter = replica.service.app.get(Forgetter);
    expect(await forgetter.sweep()).toMatchObject({ vms: 1, changes: 3 + 2 });
    expect(await forgetter.sweep()).toMatchObject({ vms: 0, changes: 0 });
    // Who reads from the beginning learns all that is known: also that one VM is gone.
    expect((await replica.changes()).map(({ vmId, revision, deleted }) => `${vmId} ${revision} ${deleted}`).sort()).toEqual(['alive 3 false', 'lately 4 true', 'young 1 false', 'young 2 false']);
    // Within the retention a gone VM still beats what comes late.
    await publisher.ingest('vmdns.vm.changed.v1', { vmId: 'lately', fqdn: 'lately.example.com', version: 2, addresses: [{ ip: '192.0.2.1' }] });
    await until(async () => (await notices()).some((notice) => notice.vmId === 'lately' && notice.code === 'stale'));
    // A planner that was away may still know the VM of this id with revision 4.
    expect(valueOf(await at('gone', 1))).toMatchObject({ accepted: true, revision: 5 });
    expect((await replica.changes()).filter(({ vmId }) => vmId === 'gone')).toMatchObject([{ life: 2, revision: 5, deleted: false }]);
    expect(valueOf(await at('other', 1))).toMatchObject({ accepted: true, revision: 5 });
  });

  it('L1 a crash between commit and publish is healed by the change feed', async () => {
    const proxy = await tcpProxy(nats.url);
    const mute = await Replica.start({ nats: proxy.instead(nats.url), postgres });
    proxy.refuse();
    await until(() => !mute.bus.connected);
    expect(await mute.take('vmdns.vm.changed.v1', { vmId: 'vm-1', addresses: [] })).toMatchObject({ ok: true, value: { accepted: true, revision: 1 } });
    await mute.close();
    await proxy.close();
    expect(await messages('EVENT')).toBe(0);
    const page = valueOf(await publisher.rpc['changes-after']({ cursor: 0, limit: 10 }));
    expect(page).toMatchObject({ changes: [{ key: 'vm-1', body: { vmId: 'vm-1', revision: 1 } }], more: false });
    expect(valueOf(await publisher.rpc['changes-after']({ cursor: page.cursor, limit: 10 }))).toEqual({ changes: [], cursor: page.cursor, more: false });
  });

  it('while Postgres is away: 503 for a request, and the bus keeps its messages until it is back', async () => {
    const proxy = await tcpProxy({ host: database.host, port: database.port });
    await replica.close();
    replica = await Replica.start({ nats: nats.url, postgres: proxy.instead(postgres) });
    proxy.refuse();
    expect(await publisher.once.facts({ type: 'vmdns.vm.changed.v1', data: { vmId: 'vm-1', addresses: [] }, source: 'p', caller: platform })).toMatchObject({ ok: false, problem: { status: 503, code: 'unavailable' } });
    await publisher.ingest('vmdns.vm.changed.v1', { vmId: 'vm-2', addresses: [] });
    proxy.accept();
    await until(async () => (await messages('EVENT')) === 1, { withinMs: 20_000, what: 'the kept message to be taken' });
    expect(await events()).toMatchObject([{ vmId: 'vm-2', revision: 1 }]);
    expect(await deadLetters()).toEqual([]);
    expect(valueOf(await publisher.put('vm-1'))).toMatchObject({ accepted: true });
    await proxy.close();
  });
});
