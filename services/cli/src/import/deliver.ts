import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { CloudEvent, EventOutcome, Fault } from '@vmdns/contracts';
import { PLAN_FACTS_MAX, PLAN_NAMES_MAX, type Plan } from '@vmdns/contracts';
import { CommandError, EXIT } from '../exit.js';
import { ProblemAnswer, type Api } from '../http/api.js';
import { at, type FoundVm, type LineFault } from './found.js';

/** What became of VMs that were told, or what would. */
export interface Delivered { readonly stored: number; readonly known: number; readonly faults: readonly LineFault[] }
export interface Planned extends Delivered { readonly plans: readonly Plan[] }

const EVENTS_MAX = 500;
const CHARACTERS_MAX = 4_000_000;
const PLAN_CHARACTERS_MAX = 350_000;
/** A batch that vmdns cannot store right now is sent again, for about half a minute. */
const TRIES = 12;
const BATCH = 'application/cloudevents-batch+json';

/** Tells VMs as events of one source, in batches; what could not be stored at the moment is sent again. */
export async function deliver(api: Api, vms: readonly FoundVm[], source: string, now: Date): Promise<Delivered> {
  const counts = { stored: 0, known: 0 };
  const faults: LineFault[] = [];
  for (const batch of batchesOf(vms, { facts: EVENTS_MAX, names: Number.POSITIVE_INFINITY, characters: CHARACTERS_MAX })) {
    for (const { vm, outcome } of await deliverBatch(api, batch, source, now)) {
      if (outcome.status === 202) counts.stored += 1;
      else if (outcome.answer?.reason === 'repeat') counts.known += 1;
      else faults.push(...faultsOf(vm, outcome));
    }
  }
  return { ...counts, faults };
}

/** What telling them would do: by vmdns' own plans, in portions that do not see each other. */
export async function plan(api: Api, vms: readonly FoundVm[], source: string): Promise<Planned> {
  const counts = { stored: 0, known: 0 };
  const faults: LineFault[] = [];
  const plans: Plan[] = [];
  for (const batch of batchesOf(vms, { facts: PLAN_FACTS_MAX, names: PLAN_NAMES_MAX, characters: PLAN_CHARACTERS_MAX })) {
    const planned = await patiently(() => api.post<Plan>('/v1/plans', { source, facts: batch.map((vm) => ({ ...vm.fact, vmId: vm.vmId })) }));
    plans.push(planned);
    batch.forEach((vm, nth) => {
      const fact = planned.facts[nth];
      if (fact?.outcome === 'accepted' || fact?.outcome === 'held') counts.stored += 1;
      else if (fact?.outcome === 'ignored' && fact.reason === 'repeat') counts.known += 1;
      else faults.push(...said(vm, fact?.faults, fact?.text));
    });
  }
  return { ...counts, faults, plans };
}

function* batchesOf(vms: readonly FoundVm[], max: { readonly facts: number; readonly names: number; readonly characters: number }): Generator<readonly FoundVm[]> {
  let batch: FoundVm[] = [];
  let [names, characters] = [0, 0];
  for (const vm of vms) {
    const [more, size] = [vm.fact.addresses.length + 1, JSON.stringify(vm.fact).length + 300];
    if (batch.length > 0 && (batch.length >= max.facts || names + more > max.names || characters + size > max.characters)) {
      yield batch;
      batch = [];
      [names, characters] = [0, 0];
    }
    batch.push(vm);
    names += more;
    characters += size;
  }
  if (batch.length > 0) yield batch;
}

interface Told { readonly vm: FoundVm; readonly outcome: EventOutcome }

async function deliverBatch(api: Api, vms: readonly FoundVm[], source: string, now: Date): Promise<readonly Told[]> {
  const told: Told[] = [];
  let left = vms;
  for (let tries = 1; ; tries += 1) {
    const outcomes = await send(api, left.map((vm) => eventOf(vm, source, now)));
    const again: FoundVm[] = [];
    left.forEach((vm, nth) => {
      const outcome = outcomes?.[nth];
      if (outcome === undefined || outcome.status === 503) again.push(vm);
      else told.push({ vm, outcome });
    });
    if (again.length === 0) return told;
    if (tries >= TRIES) throw new CommandError(EXIT.unreachable, `vmdns cannot store right now: ${again.length} VMs of this batch and all after it are left`, ['run it again: what is stored is known then']);
    left = again;
    await pause(pauseMs(tries));
  }
}

/** Asked again while vmdns cannot answer right now. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!isBusy(error) || tries >= TRIES) throw error;
      await pause(pauseMs(tries));
    }
  }
}

const isBusy = (error: unknown) => error instanceof ProblemAnswer && error.problem.status === 503;
const pauseMs = (tries: number) => Math.min(250 * 2 ** tries, 4000);

/** The outcomes in the order of the events; undefined: none could be stored now. */
async function send(api: Api, events: readonly CloudEvent[]): Promise<readonly EventOutcome[] | undefined> {
  try {
    return await api.send<readonly EventOutcome[]>('/v1/events', JSON.stringify(events), BATCH);
  } catch (error) {
    if (isBusy(error)) return undefined;
    throw error;
  }
}

function eventOf({ vmId, fact }: FoundVm, source: string, now: Date): CloudEvent {
  return { specversion: '1.0', id: randomUUID(), source, type: 'vmdns.vm.changed.v1', time: now.toISOString(), datacontenttype: 'application/json', data: { ...fact, vmId } };
}

function faultsOf(vm: FoundVm, { answer, problem }: EventOutcome): LineFault[] {
  return said(vm, problem?.faults, answer?.text ?? problem?.detail ?? problem?.title);
}

function said(vm: FoundVm, faults: readonly Fault[] = [], text = 'was not taken'): LineFault[] {
  return faults.length > 0 ? faults.map((fault) => at(vm, fault)) : [at(vm, { path: '', message: text })];
}
