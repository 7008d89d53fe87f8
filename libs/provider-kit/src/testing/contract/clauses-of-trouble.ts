import { expect } from '@jest/globals';
import type { Rrset } from '@vmdns/domain';
import type { ProviderErrorKind } from '../../port/provider-error.js';
import type { Fault } from '../memory/memory-world.js';
import { FORWARD, type Clause } from './clause.js';
import { rr, statesOf } from './story.js';

const OTHER = 'other.example.', BLOCKED = 'blocked.example.';
/** Longer than any cancelled call may take to stop. */
const STOP_LIMIT_MS = 3_000;

const vm = (label: string, apex = FORWARD): string => `${label}.${apex}`;
const a = (label: string, ...values: readonly string[]): Rrset => rr(vm(label), 'A', 300, ...values);

/** What each fault becomes. */
const KINDS: readonly (readonly [Fault, ProviderErrorKind])[] = [
  ['unauthorized', 'credentials'], ['forbidden', 'credentials'], ['not-found', 'missing-zone'], ['too-many', 'throttled'],
  ['server-error', 'retry'], ['refused-connection', 'retry'], ['garbage', 'retry'], ['slow', 'retry'],
];

const becomesItsKind = ([fault, kind]: readonly [Fault, ProviderErrorKind]): Clause => ({
  number: 13, title: `13, L2: ${fault} becomes the kind "${kind}", removes nothing, and is over when it is over`,
  async run(scene) {
    const forward = await scene.forward();
    const { harness } = scene;
    await forward.want({ [vm('web')]: [a('web', '192.0.2.3', '192.0.2.4')] });
    const before = await harness.witness(FORWARD);
    // A refusal has no method: the reading before a write meets it first.
    for (const on of fault === 'refused-connection' ? ['reads'] as const : ['reads', 'writes'] as const) {
      await harness.fault(fault, on);
      const wishes = { [vm('web')]: on === 'reads' ? [] : [a('web', '192.0.2.13')], [vm('blocked')]: [a('blocked', '192.0.2.13')] };
      const limit = fault === 'slow' ? AbortSignal.timeout(STOP_LIMIT_MS * 4) : new AbortController().signal;
      const outcome = await forward.want(wishes, { signal: limit });
      await harness.fault(undefined, on);
      scene.thrown.push(outcome.failure);
      expect(outcome.failure?.kind ?? 'none').toBe(kind);
      expect(outcome.names.map((one) => one.state).filter((state) => state === 'applied' || state === 'refused')).toEqual([]);
      if (kind === 'throttled') expect(outcome.failure?.detail.until).toBeGreaterThan(Date.now() - STOP_LIMIT_MS);
      if (on === 'reads') expect(await harness.witness(FORWARD)).toEqual(before);
    }
    expect(statesOf(await forward.want({ [vm('web')]: [a('web', '192.0.2.3', '192.0.2.4')], [vm('blocked')]: [] }))).toEqual(['applied', 'applied']);
    expect([await forward.read(vm('web')), await forward.read(vm('blocked'))]).toEqual([[a('web', '192.0.2.3', '192.0.2.4')], []]);
  },
});

const finishesTheJob = (fault: 'lost-answer' | 'half'): Clause => ({
  number: 14, title: `14, L4: after a failure half way (${fault}), running again finishes the job, and our own is not foreign`,
  async run(scene) {
    const forward = await scene.forward();
    const { harness } = scene;
    const labels = Array.from({ length: 12 }, (_, at) => `${fault}${at}`);
    const wishes = Object.fromEntries(labels.map((label, at) => [vm(label), [a(label, `203.0.113.${at}`, `203.0.113.${at + 100}`)]]));
    await harness.fault(fault, 'writes');
    const first = await forward.want(wishes);
    await harness.fault(undefined, 'writes');
    expect(first.names.filter((one) => one.inDoubt).length).toBeGreaterThan(0);
    expect(new Set(statesOf(await forward.want(wishes)))).toEqual(new Set(['applied']));
    expect(labels.flatMap((label) => forward.owns(vm(label)))).toEqual(labels.map(() => 'A'));
    expect((await forward.want(wishes)).calls.writes).toBe(0);
    // Killed between the provider's answer and the commit, and the wish is gone meanwhile.
    for (const label of labels) forward.forgetOutcome(vm(label), wishes[vm(label)] ?? []);
    expect(new Set(statesOf(await forward.want(Object.fromEntries(labels.map((label) => [vm(label), []])))))).toEqual(new Set(['applied']));
    expect((await forward.readAll()).filter((rrset) => rrset.name.startsWith(fault))).toEqual([]);
  },
});

/** Clauses 13 to 16: what becomes of trouble. */
export const CLAUSES_OF_TROUBLE: readonly Clause[] = [
  ...KINDS.map(becomesItsKind),
  ...(['lost-answer', 'half'] as const).map(finishesTheJob),
  {
    number: 15, title: '15: cancelling stops within the limit; two zones at once do not mix',
    async run(scene) {
      const forward = await scene.forward();
      await scene.harness.fault('slow', 'reads');
      const cancel = new AbortController();
      const startedAt = performance.now();
      const pending = forward.want({ [vm('late')]: [a('late', '192.0.2.15')] }, { signal: cancel.signal });
      setImmediate(() => cancel.abort());
      expect((await pending).names[0]?.state).toBe('not-tried');
      expect(performance.now() - startedAt).toBeLessThan(STOP_LIMIT_MS);
      await scene.harness.fault(undefined, 'reads');
      const [left, right] = [await scene.open(OTHER), await scene.open(BLOCKED)];
      const one = (apex: string, ip: string): Record<string, Rrset[]> => Object.fromEntries(Array.from({ length: 20 }, (_, at) => [vm(`m${at}`, apex), [rr(vm(`m${at}`, apex), 'A', 300, ip)]]));
      await Promise.all([left.want(one(OTHER, '192.0.2.51')), right.want(one(BLOCKED, '192.0.2.52'))]);
      for (const [story, apex, ip] of [[left, OTHER, '192.0.2.51'], [right, BLOCKED, '192.0.2.52']] as const) {
        const held = (await story.readAll()).filter((rrset) => rrset.type === 'A');
        expect([held.length, new Set(held.flatMap((rrset) => rrset.values)), held.every((rrset) => rrset.name.endsWith(apex))]).toEqual([20, new Set([ip]), true]);
      }
    },
  },
  {
    number: 16, title: '16, L10: no secret is in any error, reason, report, result or step of a test',
    async run(scene) {
      const { harness } = scene;
      const { connection, settings } = await harness.makeZone('tested.example.');
      const steps: unknown[] = [];
      for await (const step of harness.definition.testZone(connection, 'tested.example.', settings, AbortSignal.timeout(STOP_LIMIT_MS * 4))) steps.push(step);
      await harness.fault('unauthorized', 'reads');
      for await (const step of harness.definition.testZone(connection, 'tested.example.', settings, AbortSignal.timeout(STOP_LIMIT_MS * 4))) steps.push(step);
      await harness.fault(undefined, 'reads');
      expect(steps.length).toBeGreaterThan(1);
      const seen = scene.stories.flatMap((story) => story.outcomes.map(textOf)).concat(scene.thrown.map(textOf), steps.map(textOf)).join('\n');
      expect(seen.length).toBeGreaterThan(1_000);
      expect(harness.secrets.filter((secret) => seen.includes(secret))).toEqual([]);
    },
  },
];

/** All that an error or outcome would show when logged: messages, details, stacks and causes too. */
function textOf(thing: unknown): string {
  const seen = new Set<unknown>();
  return JSON.stringify(thing, (_key, value: unknown) => {
    if (!(value instanceof Error)) return value;
    if (seen.has(value)) return '…';
    seen.add(value);
    return { ...value, name: value.name, message: value.message, stack: value.stack, cause: value.cause };
  }) ?? '';
}
