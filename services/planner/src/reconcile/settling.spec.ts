import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Store } from '@vmdns/store';
import { until } from '@vmdns/test/support';
import { CurrentTimeline } from '../planning/current-timeline.js';
import { planFacts } from '../planning/plan-facts.js';
import { Planner } from '../planning/planner.service.js';
import { applied, silent, type FakeAdapter } from '../testing/fake-adapter.js';
import { ADMIN, Rig } from '../testing/rig.js';

const FIRST_MS = 150;

describe('settling, and issuing again', () => {
  let rig: Rig;
  let adapter: FakeAdapter;
  let zone: string;
  beforeAll(async () => {
    rig = await Rig.start({ REISSUE_FIRST_MS: String(FIRST_MS), REISSUE_MAX_MS: '600000' });
    await rig.planner();
    adapter = rig.adapter();
    zone = (await rig.zone('example.com', await rig.connection())).id;
  });
  afterAll(async () => { await rig.stop(); });

  const row = (name: string) => rig.row(zone, `${name}.example.com.`);
  const create = async (name: string) => {
    await rig.tell(rig.fact(name, { fqdn: `${name}.example.com.`, ips: ['192.0.2.1'] }));
    await adapter.hears(`${name}.example.com.`);
  };
  /** Results are taken in order, so one for another name proves that those before it were taken. */
  const taken = async () => {
    const marker = `marker-${Math.random().toString(36).slice(2)}`;
    const script = adapter.script;
    adapter.script = (name, command) => (name.name === `${marker}.example.com.` ? { state: 'applied' } : script(name, command));
    await create(marker);
    await until(async () => (await row(marker))?.state === 'applied');
    adapter.script = script;
  };

  it('(h) a failure that is delivered again after the success does not unsettle the name', async () => {
    adapter.script = silent;
    await create('h');
    await adapter.answer('h.example.com.', { state: 'failed', turn: 1, reason: { code: 'provider-unreachable', text: 'no route' }, nextTryAt: '2030-01-01T00:00:00.000Z' });
    await until(async () => (await row('h'))?.state === 'failed');
    expect((await rig.dns('h')).records.find((record) => record.type === 'A')).toMatchObject({ state: 'failed', reason: { code: 'provider-unreachable' }, nextTryAt: '2030-01-01T00:00:00.000Z' });
    await adapter.answer('h.example.com.', { state: 'applied', turn: 2 });
    await adapter.answer('h.example.com.', { state: 'failed', turn: 1 });
    await taken();
    expect(await row('h')).toMatchObject({ state: 'applied', turn: 2, generation: 1, settled_generation: 1 });
  });

  it('a later turn that is not final unsettles the name again', async () => {
    await adapter.answer('h.example.com.', { state: 'unconfirmed', turn: 3 });
    await until(async () => (await row('h'))?.state === 'unconfirmed');
    expect((await row('h'))?.settled_generation).toBe(0);
    await adapter.answer('h.example.com.', { state: 'applied', turn: 4 });
    await rig.becomes('h', 'live');
  });

  it('L4 a name that was given back may be taken over once: what is changed later says nothing of it', async () => {
    adapter.script = (name) => (name.released === true ? { state: 'refused', reason: { code: 'released', text: 'left alone' } } : { state: 'applied' });
    await create('back');
    await rig.becomes('back', 'live');
    await rig.rpc['record-release']({ name: 'back.example.com', why: 'by hand for a while', caller: ADMIN });
    await until(async () => (await row('back'))?.state === 'refused');
    await rig.rpc['record-adopt']({ name: 'back.example.com', why: 'done', caller: ADMIN });
    await rig.becomes('back', 'live');
    expect(adapter.of('back.example.com.').at(-1)).toMatchObject({ adopt: true });
    await rig.tell(rig.fact('back', { fqdn: 'back.example.com.', ips: ['192.0.2.7'] }));
    const later = await adapter.hears('back.example.com.', (name) => name.rrsets[0]?.values[0] === '192.0.2.7');
    expect(later.adopt).toBeUndefined();
    await rig.becomes('back', 'live');
    adapter.script = applied;
  });

  it('overtakes a higher generation, and issues that at once', async () => {
    await create('higher');
    await adapter.answer('higher.example.com.', { generation: 41, digest: 'what-the-adapter-knows', state: 'behind', turn: 0 });
    expect(await adapter.hears('higher.example.com.', (name) => name.generation === 42)).toMatchObject({ timeline: 1 });
    await adapter.answer('higher.example.com.', { state: 'applied' });
    await until(async () => (await row('higher'))?.settled_generation === 42);
  });

  it('a lower result is ignored', async () => {
    await adapter.answer('higher.example.com.', { generation: 7, turn: 99, state: 'failed' });
    await taken();
    expect(await row('higher')).toMatchObject({ state: 'applied', generation: 42, settled_generation: 42 });
  });

  it('issues again what was never heard of, and stops when it was: a failure counts as heard', async () => {
    adapter.script = silent;
    await create('unheard');
    await until(() => adapter.of('unheard.example.com.').length >= 3, { withinMs: 5_000 });
    expect(new Set(adapter.of('unheard.example.com.').map((name) => `${name.timeline}/${name.generation}`))).toEqual(new Set(['1/1']));
    await adapter.answer('unheard.example.com.', { state: 'failed', reason: { code: 'throttled', text: 'too many calls' } });
    await until(async () => (await row('unheard'))?.state === 'failed');
    expect(await rig.store.query(`select 1 from name where zone_id = $1 and owner_name = 'unheard.example.com.' and issue_at = 'infinity'`, [zone])).toHaveLength(1);
  });

  it('is patient with what stays unheard: twice as long each time, up to the limit', async () => {
    await create('patient');
    const due = async () => (await rig.store.query<{ ms: number; attempts: number }>(
      `select extract(epoch from issue_at - clock_timestamp()) * 1000 as ms, issue_attempts as attempts from name where owner_name = 'patient.example.com.'`))[0];
    const third = await until(async () => { const now = await due(); return (now?.attempts ?? 0) >= 3 ? now : undefined; }, { withinMs: 8_000 });
    expect(Number(third.ms)).toBeGreaterThan(FIRST_MS * 2 ** (third.attempts - 1));
    expect(Number(third.ms)).toBeLessThanOrEqual(FIRST_MS * 2 ** third.attempts);
    await adapter.answer('patient.example.com.', { state: 'applied' });
  });

  it('L8 a provider that never answers delays nobody else', async () => {
    const deaf = await rig.zone('deaf.example', await rig.connection('deaf', 'deaf'));
    const facts = Array.from({ length: 300 }, (_, at) => rig.fact(`deaf-${at}`, { fqdn: `vm${at}.deaf.example.`, ips: [`10.3.${at >> 8}.${at & 255}`] }));
    await rig.publish(...facts);
    adapter.script = applied;
    await create('meanwhile');
    await rig.becomes('meanwhile', 'live');
    await until(async () => (await rig.store.query('select 1 from name where zone_id = $1 and issue_attempts > 0', [deaf.id])).length > 0);
    await create('meanwhile2');
    await rig.becomes('meanwhile2', 'live');
  });

  it('a planner that is killed between commit and publish says it when it lives again', async () => {
    adapter.script = applied;
    const app = rig.planners[0]?.app;
    if (app === undefined) throw new Error('no planner');
    const planner = app.get(Planner);
    const fact = rig.fact('killed', { fqdn: 'killed.example.com.', ips: ['192.0.2.9'] });
    await app.get(Store).transaction(async (tx) => planFacts(tx, await planner.ask(tx, 1), [fact], new Map()));
    expect(app.get(CurrentTimeline).number).toBe(1);
    await rig.planners.pop()?.close();
    await rig.planner();
    await rig.becomes('killed', 'live');
  });

  it('L1 a planner that was away while the bus was wiped issues what was never heard of as soon as it is back', async () => {
    adapter.script = silent;
    await create('wiped');
    await rig.planners.pop()?.close();
    // Nobody was there for long: its next turn would be in minutes.
    await rig.store.query(`update name set issue_at = clock_timestamp() + interval '10 minutes', issue_attempts = 12 where owner_name = 'wiped.example.com.'`);
    await rig.nats.wipe();
    await until(async () => (await rig.bus.streamCreated('COMMAND')) !== '' && rig.bus.connected);
    adapter.script = applied;
    await rig.planner();
    await rig.becomes('wiped', 'live');
  });

  it('(g) a planner that dies between a result and settling settles it when the result comes again', async () => {
    adapter.script = silent;
    await create('g');
    await rig.planners.pop()?.close();
    await adapter.answer('g.example.com.', { state: 'applied', turn: 1 });
    await adapter.answer('g.example.com.', { state: 'applied', turn: 1 });
    await rig.planner();
    await rig.becomes('g', 'live');
    expect(await row('g')).toMatchObject({ turn: 1, generation: 1 });
  });

  it('L1 (b) a wiped bus loses nothing: what was never heard goes out again, what was settled stays', async () => {
    adapter.script = applied;
    await create('settled');
    await rig.becomes('settled', 'live');
    adapter.script = silent;
    await create('lost-command');
    const lostEvent = rig.fact('lost-event', { fqdn: 'lost-event.example.com.', ips: ['192.0.2.3'] });
    const before = adapter.of('lost-command.example.com.').length;
    const settledBefore = adapter.of('settled.example.com.').length;
    await rig.nats.wipe();
    adapter.script = applied;
    await rig.planned(lostEvent);
    await rig.becomes('lost-event', 'live');
    await until(() => adapter.of('lost-command.example.com.').length > before, { withinMs: 15_000 });
    await rig.becomes('lost-command', 'live');
    expect(adapter.of('settled.example.com.').length).toBe(settledBefore);
  });

  it('(b) an applied result that comes after a later generation was issued changes nothing', async () => {
    adapter.script = silent;
    await create('b7');
    const [first] = adapter.heard.filter((one) => one.name.name === 'b7.example.com.');
    if (first === undefined) throw new Error('nothing heard');
    await rig.tell(rig.fact('b7', { ips: ['192.0.2.77'] }));
    await adapter.hears('b7.example.com.', (name) => name.generation === 2);
    await adapter.say(first.command, first.name, { state: 'applied', turn: 50 });
    await taken();
    expect(await row('b7')).toMatchObject({ generation: 2, settled_generation: 0, state: 'pending' });
  });

  it("issues again, as a new generation, what is unsettled when an adapter announces a new era", async () => {
    await create('era');
    await adapter.answer('era.example.com.', { state: 'failed', turn: 8 });
    await until(async () => (await row('era'))?.state === 'failed');
    await rig.announce('memory', 'era-2');
    expect(await adapter.hears('era.example.com.', (name) => name.generation === 2)).toBeDefined();
    await adapter.answer('era.example.com.', { state: 'applied', turn: 1 });
    await rig.becomes('era', 'live');
  });

  it('issues again under the new number when the timeline was raised', async () => {
    await create('raised');
    await adapter.answer('raised.example.com.', { state: 'failed', turn: 1 });
    await until(async () => (await row('raised'))?.state === 'failed');
    await until(async () => (await rig.database.query('select 1 from vmdns_shared.timeline_told')).length > 0, { withinMs: 15_000 });
    await rig.database.query('update vmdns_shared.timeline set timeline = timeline + 1');
    await until(() => adapter.of('raised.example.com.').some((name) => name.timeline === 2 && name.generation === 2), { withinMs: 15_000 });
  });
});
