import type { Reason } from '@vmdns/domain';
import type { Issue } from '../reconcile/commands.js';
import type { ZonePicture } from '../zones/zone-sets.js';
import type { RowPlan } from './decide-key.js';
import type { NameChange } from './name.repository.js';

/** What a change depends on besides the row and its plan. */
export interface ChangeAsk {
  readonly picture: ZonePicture;
  readonly timeline: number;
  /** For a name that changes, unless it is more urgent by itself. */
  readonly priority: 1 | 2;
  /** Keys whose change a customer asked for. */
  readonly urgentKeys?: ReadonlySet<string>;
}

/** The change of one row, or nothing. A new generation where its contents change, or where a plan that was only looked at is written now. */
export function changeOf(ask: ChangeAsk, plan: RowPlan): NameChange[] {
  const { row } = plan;
  const mode = ask.picture.zones.get(row.zone_id)?.view.mode;
  const wasLookedAt = row.state === 'observed' && mode === 'write' && row.settled_generation === row.generation;
  const isUnborn = row.generation === 0 && plan.rrsets.length === 0;
  const isNew = !isUnborn && (plan.digest !== row.digest || wasLookedAt);
  const vms = vmsOf(plan, isNew);
  const isSame = !isNew && sameVms(vms, row.vms) && sameReason(plan.reason, row.plan_reason)
    && plan.replaces === row.replaces && plan.kept === row.kept && plan.holdId === row.hold_id;
  if (isSame) return [];
  return [{
    zoneId: row.zone_id, ownerName: row.owner_name, desired: plan.rrsets, digest: isUnborn ? row.digest : plan.digest, planReason: plan.reason, vms,
    priority: isNew ? priorityOf(ask, plan) : row.priority, replaces: plan.replaces, holdId: plan.holdId, kept: plan.kept, hands: row.hands,
    timeline: isNew ? Math.max(ask.timeline, row.timeline) : row.timeline, generation: isNew ? row.generation + 1 : row.generation, isNew,
  }];
}

/** The VMs that the name is about, at most 8; a removal keeps those it is removed from. */
function vmsOf(plan: RowPlan, isNew: boolean): readonly string[] {
  if (plan.vms.length > 0) return plan.vms.slice(0, 8);
  if (!isNew) return plan.row.vms;
  return [...new Set([...(plan.holder === null ? [] : [plan.holder]), ...plan.row.vms])].slice(0, 8);
}

function sameReason(a: Reason | null, b: Reason | null): boolean {
  return a?.code === b?.code && a?.text === b?.text && a?.hint === b?.hint;
}

function sameVms(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((vm, at) => vm === b[at]);
}

/** 0: a PTR that another VM takes over, or that a customer asked for (PROTOCOL §5); what waits keeps its urgency. */
function priorityOf(ask: ChangeAsk, plan: RowPlan): number {
  const { row } = plan;
  const isReverse = plan.role === 'reverse';
  const isRecycled = isReverse && row.desired.length > 0 && plan.holder !== null && row.vms.length > 0 && !row.vms.includes(plan.holder);
  const own = isRecycled || (isReverse && ask.urgentKeys?.has(row.rkey) === true) ? 0 : ask.priority;
  return row.settled_generation < row.generation ? Math.min(own, row.priority) : own;
}

/** A new generation as it is said. */
export function issueOf(picture: ZonePicture, change: NameChange): Issue[] {
  const zone = picture.zones.get(change.zoneId);
  if (!change.isNew || zone === undefined) return [];
  return [{
    zoneId: change.zoneId, apex: zone.view.apex, provider: zone.view.provider, connectionId: zone.view.connectionId, ownerName: change.ownerName,
    timeline: change.timeline, generation: change.generation, digest: change.digest, desired: change.desired, priority: change.priority, vms: change.vms, hands: change.hands,
  }];
}
