import { Controller, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { OnRequest, RpcProblem } from '@vmdns/bus';
import { Log, Recurring } from '@vmdns/chassis';
import { type Caller, inventoryRpc } from '@vmdns/contracts';
import { Store } from '@vmdns/store';
import type { z } from 'zod';
import { type BrakeSettings, BrakeTable } from './brake.table.js';
import { HoldService } from './hold.service.js';
import { HoldTable } from './hold.table.js';
import { findHoldCursor, holdCursor, toHold, toMember } from './hold-view.js';

type AnswerOf<K extends keyof typeof inventoryRpc> = z.input<(typeof inventoryRpc)[K]['answer']>;
type AskOf<K extends keyof typeof inventoryRpc> = z.output<(typeof inventoryRpc)[K]['ask']>;

const CARRY_ON_EVERY_MS = 60_000;

/** `vmdns.rpc.inventory.holds-list`, `hold-show`, `hold-decide`, `brakes-get`, `brakes-put` */
@Controller()
export class HoldController implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly carrying: Recurring;

  constructor(
    private readonly service: HoldService,
    private readonly holds: HoldTable,
    private readonly brakes: BrakeTable,
    private readonly store: Store,
    private readonly log: Log,
  ) {
    this.carrying = new Recurring({ store, log, everyMs: CARRY_ON_EVERY_MS, what: 'carrying out approved deletions', work: () => service.carryOn() });
  }

  onApplicationBootstrap(): void {
    this.carrying.start();
  }

  onApplicationShutdown(): void {
    this.carrying.stop();
  }

  @OnRequest('inventory', 'holds-list', inventoryRpc['holds-list'])
  async list(ask: AskOf<'holds-list'>): Promise<AnswerOf<'holds-list'>> {
    const rows = await this.holds.list(this.store, ask.state, ask.limit + 1, findHoldCursor(ask.cursor));
    const page = rows.slice(0, ask.limit);
    const last = page.at(-1);
    return { items: page.map(toHold), ...(rows.length > ask.limit && last !== undefined ? { next: holdCursor(last) } : {}) };
  }

  @OnRequest('inventory', 'hold-show', inventoryRpc['hold-show'])
  async show(ask: AskOf<'hold-show'>): Promise<AnswerOf<'hold-show'>> {
    const hold = await this.service.getHold(ask.holdId);
    const rows = await this.holds.shown(this.store, ask.holdId, ask.limit + 1, ask.cursor ?? '');
    const page = rows.slice(0, ask.limit);
    const last = page.at(-1);
    return { hold: { ...toHold(hold), checksum: await this.holds.checksum(this.store, ask.holdId) }, members: page.map(toMember), ...(rows.length > ask.limit && last !== undefined ? { next: last.vm_id } : {}) };
  }

  @OnRequest('inventory', 'hold-decide', inventoryRpc['hold-decide'])
  async decide(ask: AskOf<'hold-decide'>): Promise<AnswerOf<'hold-decide'>> {
    const decided = await this.service[ask.decision](ask.holdId, ask.caller, ask.checksum);
    this.log.info({ holdId: ask.holdId, decision: ask.decision, by: ask.caller.name, released: decided.released, changed: decided.changed.length }, 'hold decided');
    return { hold: toHold(decided.hold), released: decided.released, changed: [...decided.changed] };
  }

  @OnRequest('inventory', 'brakes-get', inventoryRpc['brakes-get'])
  getBrakes(): Promise<BrakeSettings> {
    return this.brakes.settings(this.store);
  }

  @OnRequest('inventory', 'brakes-put', inventoryRpc['brakes-put'])
  async putBrakes(ask: AskOf<'brakes-put'>): Promise<BrakeSettings> {
    requireOperator(ask.caller);
    await this.service.putBrakes(ask.brakes, ask.caller);
    this.log.info({ brakes: ask.brakes, by: ask.caller.name }, 'brakes changed');
    return ask.brakes;
  }
}

function requireOperator(caller: Caller): void {
  if (caller.role !== 'admin' && caller.role !== 'operator') {
    throw new RpcProblem({ status: 403, code: 'forbidden', title: 'Only an operator or admin may change the brakes.' });
  }
}
