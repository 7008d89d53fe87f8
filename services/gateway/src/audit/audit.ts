import { Injectable } from '@nestjs/common';
import { Log } from '@vmdns/chassis';
import { pathOf, type DoorRequest } from '../http/door-request.js';
import { AuditTable } from './audit.table.js';

/** Notes what callers changed. What cannot be stored is in the process log at least; no call fails because of it. */
@Injectable()
export class Audit {
  constructor(private readonly table: AuditTable, private readonly log: Log) {}

  /** Of a call that was done. Facts of VMs are left out: there are many, and inventory and log remember them. */
  note(request: DoorRequest, status: number, about?: string): void {
    const { shape, caller } = request;
    if (shape === undefined || caller === undefined || shape.method === 'get' || shape.isFact === true) return;
    const entry = {
      by: caller.name, role: caller.role, tenant: caller.tenant, via: request.session === undefined ? 'token' as const : 'session' as const,
      call: shape.id, method: shape.method.toUpperCase(), path: pathOf(request.url ?? '/').slice(0, 1000), about: about ?? null, status, traceparent: request.traceparent ?? null,
    };
    this.table.add(entry).catch((error: unknown) => { this.log.error({ err: error, ...entry }, 'what was done could not be stored'); });
  }
}

const NAMES = ['name', 'holdId', 'id'] as const;

/** What an answer is about, for a person: its name, else its id. */
export function aboutOf(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const fields = answer as Readonly<Record<string, unknown>>;
  if ('hold' in fields) return aboutOf(fields.hold);
  const [first, ...rest] = NAMES.flatMap((name) => typeof fields[name] === 'string' ? [fields[name]] : []);
  return first === undefined ? undefined : rest[0] === undefined ? first : `${first} (${rest[0]})`;
}
