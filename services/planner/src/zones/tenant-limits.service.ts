import { Injectable } from '@nestjs/common';
import { Deeds, Log, type NotedDeed } from '@vmdns/chassis';
import type { Caller, Tenant, TenantLimits } from '@vmdns/contracts';
import { faultsOfLimits, parseApex, parseRange } from '@vmdns/domain';
import { Store, type Tx } from '@vmdns/store';
import { enqueue } from '../planning/job.repository.js';
import { JobRunner } from '../planning/job-runner.js';
import { refuseFaults, requireOperator } from './access.js';
import { lockZoneSetExclusive, raiseZoneSet } from './zone-set.lock.js';

interface Row { readonly tenant: string; readonly domains: string[] | null; readonly ranges: string[] | null; readonly changed_by: string; readonly changed_at: Date }

const FREE: TenantLimits = { domains: null, ranges: null };

/** What tenants may use. A change is followed by planning that tenant's VMs again, and nobody else's. */
@Injectable()
export class TenantLimitsDesk {
  constructor(private readonly store: Store, private readonly jobs: JobRunner, private readonly log: Log, private readonly deeds: Deeds) {}

  /** Those that have limits. */
  async list(): Promise<Tenant[]> {
    return (await this.store.query<Row>('select * from tenant_limit order by tenant')).map(toTenant);
  }

  async get(tenant: string): Promise<Tenant> {
    const [row] = await this.store.query<Row>('select * from tenant_limit where tenant = $1', [tenant]);
    return row === undefined ? { tenant, limits: FREE } : toTenant(row);
  }

  async put(tenant: string, limits: TenantLimits, caller: Caller): Promise<Tenant> {
    requireOperator(caller);
    refuseFaults('the limits', faultsOfLimits(limits));
    const noted = await this.store.transaction(async (tx): Promise<readonly NotedDeed[]> => {
      if (!await this.putIn(tx, tenant, limits, caller.name)) return [];
      return [await this.deeds.note(tx, { kind: 'tenant-limited', key: `tenant:${tenant}`, what: `the limits of the tenant ${tenant} (${JSON.stringify(limits)})`, by: caller.name, body: { tenant, limits } })];
    });
    this.deeds.say(...noted);
    if (noted.length > 0) this.log.info({ tenant, limits, by: caller.name }, 'limits of a tenant changed');
    this.jobs.poke();
    return this.get(tenant);
  }

  /** False where nothing changed; then poke the jobs. */
  async putIn(tx: Tx, tenant: string, limits: TenantLimits, by: string): Promise<boolean> {
    const domains = canonical(limits.domains, (text) => { const parsed = parseApex(text); return parsed.ok ? parsed.name : text; });
    const ranges = canonical(limits.ranges, (text) => { const parsed = parseRange(text); return parsed.ok ? parsed.range.text : text; });
    await lockZoneSetExclusive(tx);
    const rows = domains === null && ranges === null
      ? await tx.query('delete from tenant_limit where tenant = $1 returning tenant', [tenant])
      : await tx.query(
        `insert into tenant_limit as t (tenant, domains, ranges, changed_by) values ($1, $2, $3, $4) on conflict (tenant) do update
           set domains = excluded.domains, ranges = excluded.ranges, changed_by = excluded.changed_by, changed_at = now()
         where (t.domains, t.ranges) is distinct from (excluded.domains, excluded.ranges) returning tenant`, [tenant, domains, ranges, by]);
    if (rows.length === 0) return false;
    await raiseZoneSet(tx);
    await enqueue(tx, { kind: 'vms', tenant, why: `the limits of the tenant ${tenant} were changed` });
    return true;
  }
}

function canonical(texts: readonly string[] | null, of: (text: string) => string): string[] | null {
  return texts === null ? null : [...new Set(texts.map(of))].sort();
}

function toTenant(row: Row): Tenant {
  return { tenant: row.tenant, limits: { domains: row.domains, ranges: row.ranges }, changedBy: row.changed_by, changedAt: row.changed_at.toISOString() };
}
