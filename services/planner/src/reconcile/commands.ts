import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Bus, cloudEvent, type Outgoing } from '@vmdns/bus';
import { Clock } from '@vmdns/chassis';
import { COMMAND_NAMES_MAX, subjects, type Command, type CommandName, type Priority, type RrsetBody } from '@vmdns/contracts';
import type { NameCore } from '../planning/name.repository.js';
import type { ZoneRow } from '../zones/zone.row.js';
import { ReconcileMetrics } from './reconcile-metrics.js';

/** A name whose generation shall be told to its adapter. */
export interface Issue {
  readonly zoneId: string;
  readonly apex: string;
  readonly provider: string;
  readonly connectionId: string;
  readonly ownerName: string;
  readonly timeline: number;
  readonly generation: number;
  readonly digest: string;
  readonly desired: readonly RrsetBody[];
  readonly priority: number;
  readonly vms: readonly string[];
  readonly hands: NameCore['hands'];
}

/** A stored row as it is said to its adapter. */
export function issueOfRow(row: Pick<NameCore, 'zone_id' | 'owner_name' | 'timeline' | 'generation' | 'digest' | 'desired' | 'priority' | 'vms' | 'hands'>, zone: Pick<ZoneRow, 'apex' | 'provider' | 'connection_id'>): Issue {
  return {
    zoneId: row.zone_id, apex: zone.apex, provider: zone.provider, connectionId: zone.connection_id, ownerName: row.owner_name,
    timeline: row.timeline, generation: row.generation, digest: row.digest, desired: row.desired, priority: row.priority, vms: row.vms, hands: row.hands,
  };
}

/** A message stays well below the server's 1 MiB. */
const COMMAND_CHARACTERS_MAX = 400_000;

export function toCommandName(issue: Issue): CommandName {
  return {
    name: issue.ownerName, timeline: issue.timeline, generation: issue.generation, digest: issue.digest,
    rrsets: issue.desired.map((rrset) => ({ type: rrset.type, ttl: rrset.ttl, values: [...rrset.values] })),
    priority: toPriority(issue.priority), vms: issue.vms.slice(0, 8),
    ...(issue.hands === 'released' ? { released: true } : issue.hands === 'adopting' ? { adopt: true } : {}),
  };
}

function toPriority(priority: number): Priority {
  return priority === 0 || priority === 1 ? priority : 2;
}

/** At least what the name is as JSON, without writing it twice. */
function sizeOf(name: CommandName): number {
  const rrsets = name.rrsets.reduce((sum, rrset) => sum + 40 + rrset.values.reduce((values, value) => values + value.length + 3, 0), 0);
  return 120 + name.name.length + name.digest.length + rrsets + name.vms.reduce((sum, vm) => sum + vm.length + 3, 0);
}

/** One command per zone and page of names. */
export function toCommands(issues: readonly Issue[]): Command[] {
  const open = new Map<string, { command: Command; characters: number }>();
  const commands: Command[] = [];
  for (const issue of issues) {
    const name = toCommandName(issue);
    const characters = sizeOf(name);
    const current = open.get(issue.zoneId);
    if (current !== undefined && current.command.names.length < COMMAND_NAMES_MAX && current.characters + characters <= COMMAND_CHARACTERS_MAX) {
      current.command.names.push(name);
      current.characters += characters;
      continue;
    }
    const command: Command = { zoneId: issue.zoneId, apex: issue.apex, provider: issue.provider, connectionId: issue.connectionId, names: [name] };
    open.set(issue.zoneId, { command, characters });
    commands.push(command);
  }
  return commands;
}

/** Says commands straight after the commit, from memory. What is lost here was never heard, and is issued again. */
@Injectable()
export class Commands {
  constructor(private readonly bus: Bus, private readonly clock: Clock, private readonly metrics: ReconcileMetrics) {}

  /** Each issue has a message id of its own: JetStream would drop a repeat for 2 minutes. */
  issue(issues: readonly Issue[], traceparent?: string): void {
    if (issues.length === 0) return;
    this.metrics.issued(issues);
    const time = this.clock.now().toISOString();
    this.bus.post(toCommands(issues).map((command): Outgoing => ({
      subject: subjects.command.of(command.provider, command.zoneId),
      event: cloudEvent('vmdns.dns.command.v1', '/planner', command, { id: randomUUID(), time }),
      ...(traceparent === undefined ? {} : { traceparent }),
    })));
  }
}
