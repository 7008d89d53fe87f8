import type { Connection, FactAnswer, Hold, LogEntry, Pause, Provider, RecordStatus, StopWord, VmDns, VmView, Zone, ZoneProgress, ZoneTest } from '@vmdns/contracts';
import { table } from './table.js';

const STATES: Readonly<Record<VmDns['state'], string>> = {
  planning: 'is being planned', pending: 'is on its way', live: 'is live', attention: 'needs attention', deleting: 'is being removed', gone: 'is gone',
};

/** What became of a fact, in one sentence. */
export function factText(answer: FactAnswer, what: string): string {
  if (answer.reason === 'held') return `${answer.vmId}: ${what} is stored and waits for a person${answer.holdId === undefined ? '' : `: vmdns hold show ${answer.holdId}`}.`;
  if (answer.accepted) return `${answer.vmId}: ${what} is stored as revision ${answer.revision}.`;
  if (answer.text !== undefined) return `${answer.vmId}: ${answer.text}`;
  if (answer.reason === 'repeat') return `${answer.vmId}: nothing new; revision ${answer.revision} stands.`;
  return `${answer.vmId}: ignored (${answer.reason ?? 'no reason given'}).`;
}

/** How a VM's DNS stands: a sentence, its records, and what to do about each that is not as it should be. */
export function dnsText(dns: VmDns): string[] {
  const lines = [`${dns.vmId}: DNS ${STATES[dns.state]} (revision ${dns.revision}${dns.plannedRevision === dns.revision ? '' : `, planned ${dns.plannedRevision}`}).`];
  if (dns.reason !== undefined) lines.push(`  ${dns.reason.text}`, ...hint(dns.reason.hint));
  if (dns.records.length > 0) lines.push(...table(RECORD_COLUMNS, dns.records, '  '));
  for (const record of dns.records) {
    if (record.reason === undefined) continue;
    lines.push(`  ${record.name} ${record.type}: ${record.reason.text}`, ...hint(record.reason.hint));
    if (record.nextTryAt !== undefined) lines.push(`    next try ${instant(record.nextTryAt)}`);
  }
  return lines;
}

const hint = (text: string | undefined) => text === undefined ? [] : [`    ${text}`];
const RECORD_COLUMNS = [
  { title: 'NAME', of: (record: RecordStatus) => record.name },
  { title: 'TYPE', of: (record: RecordStatus) => record.type },
  { title: 'TTL', of: (record: RecordStatus) => record.ttl === null ? '' : String(record.ttl) },
  { title: 'VALUE', of: (record: RecordStatus) => record.values.join(', ') },
  { title: 'ZONE', of: (record: RecordStatus) => record.zone ?? '' },
  { title: 'PROVIDER', of: (record: RecordStatus) => record.provider ?? '' },
  { title: 'STATE', of: (record: RecordStatus) => record.reason === undefined ? record.state : `${record.state} (${record.reason.code})` },
];

/** A VM as inventory knows it. */
export function vmText(vm: VmView): string[] {
  const name = vm.fqdn ?? (vm.hostname === null ? '(no name)' : `${vm.hostname}${vm.domain === null ? '' : `.${vm.domain}`}`);
  const about = [vm.tenant === null ? undefined : `tenant ${vm.tenant}`, vm.version === null ? undefined : `version ${vm.version}`, `from ${vm.source}`, `changed ${instant(vm.changedAt)}`];
  return [
    `${vm.vmId}: ${vm.deleted ? 'deleted' : name} (revision ${vm.revision})`,
    `  ${about.filter((text) => text !== undefined).join(', ')}`,
    ...(vm.holdId === undefined ? [] : [`  waits for a person: vmdns hold show ${vm.holdId}`]),
    ...(vm.addresses.length === 0 ? [] : table([
      { title: 'ADDRESS', of: (address: VmView['addresses'][number]) => address.ip },
      { title: 'PTR', of: (address) => address.customerPtr ?? address.ptr ?? '' },
      { title: 'SET BY', of: (address) => address.customerPtr !== null ? 'customer' : address.ptr === null ? '' : 'publisher' },
      { title: 'FORWARD', of: (address) => address.forward ? 'yes' : '' },
    ], vm.addresses, '  ')),
  ];
}

export const vmsText = (vms: readonly VmView[]) => list(vms, 'no VMs', [
  { title: 'VM', of: (vm) => vm.vmId },
  { title: 'NAME', of: (vm) => vm.fqdn ?? vm.hostname ?? '' },
  { title: 'ADDRESSES', of: (vm) => vm.addresses.slice(0, 3).map((address) => address.ip).join(', ') + (vm.addresses.length > 3 ? `, +${vm.addresses.length - 3}` : '') },
  { title: 'TENANT', of: (vm) => vm.tenant ?? '' },
  { title: 'STATE', of: (vm) => vm.deleted ? 'deleted' : '' },
]);

const KID_SHOWN = 8;

/** The keys that a connection's secrets are sealed for; `old` where its adapter has a newer one. */
function keysText(connection: Connection, providers: readonly Provider[]): string {
  const newest = providers.find((provider) => provider.name === connection.provider)?.kid;
  const kids = [...new Set(Object.values(connection.sealedFor ?? {}))];
  return kids.map((kid) => `${kid.slice(0, KID_SHOWN)}${newest === undefined || kid === newest ? '' : ' (old)'}`).join(', ');
}

export const connectionsText = (connections: readonly Connection[], providers: readonly Provider[]) => list(connections, 'no connections', [
  { title: 'ID', of: (connection) => connection.id },
  { title: 'NAME', of: (connection) => connection.name },
  { title: 'PROVIDER', of: (connection) => connection.provider },
  { title: 'SETTINGS', of: (connection) => Object.entries(connection.settings).map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' ') },
  { title: 'SECRETS', of: (connection) => connection.secrets.join(', ') },
  { title: 'SEALED FOR', of: (connection) => keysText(connection, providers) },
  { title: 'STATE', of: (connection) => connection.paused ? 'paused' : '' },
]);

export const zonesText = (zones: readonly Zone[]) => list(zones, 'no zones', [
  { title: 'ID', of: (zone) => zone.id },
  { title: 'NAME', of: (zone) => zone.name },
  { title: 'PROVIDER', of: (zone) => zone.provider },
  { title: 'CONNECTION', of: (zone) => zone.connectionId },
  { title: 'MODE', of: (zone) => zone.mode },
  { title: 'STATE', of: (zone) => zone.paused ? 'paused' : zone.state },
  { title: 'NAMES', of: (zone) => Object.entries(zone.counts).filter(([, count]) => count > 0).map(([state, count]) => `${count} ${state}`).join(', ') },
]);

/** One zone, and how far the work on its names is. */
export const zoneText = (zone: Zone) => [...zonesText([zone]), ...(zone.progress === undefined ? [] : [progressText(zone.progress)])];

const progressText = ({ state, done, total, why, since }: ZoneProgress) => `${state}: ${done} of ${total ?? 'many'} names since ${instant(since)} (${why})`;

/** A zone test as people read it: what was tried, how it went, what to do. */
export function testText(test: ZoneTest): string[] {
  const mark = (step: ZoneTest['steps'][number]) => !step.ok ? 'FAILED ' : step.warning ? 'warning' : 'ok     ';
  return [
    ...test.steps.flatMap((step) => [`${mark(step)}  ${step.step}: ${step.text} (${Math.round(step.tookMs)} ms)`, ...(step.hint === undefined ? [] : [`         ${step.hint}`])]),
    test.ok ? 'The zone can be written.' : 'The zone cannot be written as it is.',
  ];
}

export const holdsText = (holds: readonly Hold[]) => list(holds, 'nothing waits for a person', [
  { title: 'ID', of: (hold) => hold.holdId },
  { title: 'WHAT', of: (hold) => hold.kind },
  { title: 'OF', of: (hold) => hold.scope },
  { title: 'MEMBERS', of: (hold) => String(hold.members) },
  { title: 'STATE', of: (hold) => hold.decidedBy === undefined ? hold.state : `${hold.state} by ${hold.decidedBy}` },
  { title: 'SINCE', of: (hold) => instant(hold.openedAt) },
]);

/** What may still happen after a stop; nothing where it stands still. */
export const noteOf = (word: StopWord): readonly string[] => (word.note === undefined ? [] : [word.note]);

export const pausesText = (pauses: readonly Pause[]) => list(pauses, 'nothing is paused', [
  { title: 'ID', of: (pause) => pause.id },
  { title: 'WHAT', of: (pause) => pause.scope.kind === 'all' ? 'all' : `${pause.scope.kind} ${pause.scope.id}` },
  { title: 'BY', of: (pause) => pause.by },
  { title: 'SINCE', of: (pause) => instant(pause.since) },
  { title: 'UNTIL', of: (pause) => pause.until === null ? 'resumed' : instant(pause.until) },
  { title: 'WHY', of: (pause) => pause.why },
]);

/** One line of the log. */
export function logLine(entry: LogEntry): string {
  const where = [entry.name, entry.provider === undefined ? undefined : `(${entry.provider})`, entry.name === undefined && entry.vms.length > 0 ? entry.vms.join(', ') : undefined];
  return [instant(entry.at), entry.status.padEnd(11), ...where.filter((text) => text !== undefined), entry.text, ...(entry.providerText === undefined ? [] : [`– ${entry.providerText}`])].join('  ');
}

/** An instant to the second, in UTC. */
export const instant = (text: string) => text.slice(0, 19).replace('T', ' ');

function list<T>(rows: readonly T[], none: string, columns: Parameters<typeof table<T>>[0]): string[] {
  return rows.length === 0 ? [none] : table(columns, rows);
}
