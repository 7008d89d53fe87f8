/**
 * Every subject and stream of the bus (ARCHITECTURE §2). A VM id may hold characters that a subject token may not
 * (`.`, `*`, `>`, white space), so it is encoded: every byte outside `[A-Za-z0-9_-]` becomes `=XX`.
 */
export function vmToken(vmId: string): string {
  return vmId.replace(/[^A-Za-z0-9_-]/g, (c) => `=${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

export const subjects = {
  ingest: { vm: 'vmdns.ingest.vm', tenant: (tenant: string) => `vmdns.ingest.vm.${tenant}`, all: 'vmdns.ingest.>' },
  event: { vm: (vmId: string) => `vmdns.event.vm.${vmToken(vmId)}`, all: 'vmdns.event.vm.*' },
  zone: { of: (provider: string) => `vmdns.zone.${provider}`, all: 'vmdns.zone.*' },
  command: {
    of: (provider: string, zoneId: string) => `vmdns.command.${provider}.${zoneId}`,
    ofProvider: (provider: string) => `vmdns.command.${provider}.*`,
  },
  result: { of: (provider: string, zoneId: string) => `vmdns.result.${provider}.${zoneId}`, all: 'vmdns.result.*.*' },
  /** Core NATS, no stream: a zone was told to stop; the replicas of its adapter look at their lanes. */
  stop: { of: (provider: string) => `vmdns.stop.${provider}` },
  announce: { of: (provider: string) => `vmdns.announce.${provider}`, all: 'vmdns.announce.*' },
  status: { vm: (vmId: string) => `vmdns.status.${vmToken(vmId)}`, all: 'vmdns.status.*' },
  deadLetter: { of: (service: string) => `vmdns.deadletter.${service}`, all: 'vmdns.deadletter.*' },
  /** What a person should hear of although nothing failed: ignored facts, zones that were not as expected. For the log. */
  notice: { of: (service: string) => `vmdns.notice.${service}`, all: 'vmdns.notice.*' },
  /** What a person decided, said by who keeps it: read back when PostgreSQL lost its last seconds. */
  deed: { of: (service: string) => `vmdns.deed.${service}` },
  /** Core NATS, no stream: log entries (`ToldEntries`) once they are stored, for those who follow live. */
  logEntry: 'vmdns.logentry',
  rpc: (service: string, operation: string) => `vmdns.rpc.${service}.${operation}`,
} as const;

/** One JetStream stream: `limits` for all, 24 h and discard old (PROTOCOL §1: streams need only small limits). */
export interface StreamDefinition {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly maxAgeSeconds: number;
  readonly maxBytes: number;
}

const DAY = 86_400;
const GIB = 1_073_741_824;

export const streams: Readonly<Record<'INGEST' | 'EVENT' | 'ZONE' | 'COMMAND' | 'RESULT' | 'STATUS' | 'DEADLETTER' | 'DEED', StreamDefinition>> = {
  INGEST: { name: 'INGEST', subjects: ['vmdns.ingest.>'], maxAgeSeconds: DAY, maxBytes: GIB },
  EVENT: { name: 'EVENT', subjects: ['vmdns.event.vm.*'], maxAgeSeconds: DAY, maxBytes: GIB },
  ZONE: { name: 'ZONE', subjects: ['vmdns.zone.*'], maxAgeSeconds: DAY, maxBytes: GIB / 8 },
  COMMAND: { name: 'COMMAND', subjects: ['vmdns.command.*.*'], maxAgeSeconds: DAY, maxBytes: GIB },
  RESULT: { name: 'RESULT', subjects: ['vmdns.result.*.*'], maxAgeSeconds: DAY, maxBytes: GIB },
  STATUS: { name: 'STATUS', subjects: ['vmdns.status.*'], maxAgeSeconds: 3600, maxBytes: GIB / 8 },
  DEADLETTER: { name: 'DEADLETTER', subjects: ['vmdns.deadletter.*', 'vmdns.notice.*'], maxAgeSeconds: 7 * DAY, maxBytes: GIB / 8 },
  DEED: { name: 'DEED', subjects: ['vmdns.deed.*'], maxAgeSeconds: DAY, maxBytes: GIB / 8 },
};
export type StreamName = keyof typeof streams;
