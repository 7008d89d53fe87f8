import { Injectable } from '@nestjs/common';
import { RpcProblem } from '@vmdns/bus';
import type { Caller, VmView } from '@vmdns/contracts';
import { type Fact, parseIp } from '@vmdns/domain';
import { Store } from '@vmdns/store';
import { toVmState } from '../facts/vm.table.js';

export interface VmSearch {
  readonly ip?: string | undefined;
  readonly name?: string | undefined;
  readonly tenant?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly caller: Caller;
}
interface Row { readonly vm_id: string; readonly body: Fact; readonly hold_id: string | null }

/** A member that is decided waits no more, and is not shown. */
const SELECT = `
  select v.vm_id, v.body, m.hold_id from vm v
  left join hold_member m on m.hold_id = v.hold_id and m.vm_id = v.vm_id and m.state = 'waiting'`;

/** Answers what is known of VMs. A caller with a tenant sees that tenant's VMs, and others as if they were not there. */
@Injectable()
export class VmQuery {
  constructor(private readonly store: Store) {}

  /** Also a deleted VM, with `deleted: true`. */
  async get(vmId: string, caller: Caller): Promise<VmView> {
    const [row] = await this.store.query<Row>(`${SELECT} where v.vm_id = $1`, [vmId]);
    // Revision 0: only a deletion was ever heard of, which may have overtaken its create.
    if (row === undefined || row.body.revision === 0 || (caller.tenant !== null && row.body.tenant !== caller.tenant)) {
      throw new RpcProblem({ status: 404, code: 'not-found', title: `There is no VM ${vmId}.` });
    }
    return toView(row);
  }

  /** Living VMs by id. */
  async find(search: VmSearch): Promise<{ readonly items: VmView[]; readonly next?: string }> {
    if (search.caller.tenant !== null && search.tenant !== undefined && search.tenant !== search.caller.tenant) return { items: [] };
    const tenant = search.caller.tenant ?? search.tenant ?? null;
    const rows = await this.store.survey<Row>(
      `${SELECT} where v.deleted_at is null and v.vm_id > $1 and ($2::text is null or v.tenant = $2)
         and ($3::text[] is null or v.find_keys && $3) and ($4::text[] is null or v.find_keys && $4) order by v.vm_id limit $5`,
      [search.cursor ?? '', tenant, search.ip === undefined ? null : [canonicalIp(search.ip)], search.name === undefined ? null : spellings(search.name), search.limit + 1],
    );
    const page = rows.slice(0, search.limit);
    const last = page.at(-1);
    return { items: page.map(toView), ...(rows.length > search.limit && last !== undefined ? { next: last.vm_id } : {}) };
  }
}

function toView(row: Row): VmView {
  return { ...toVmState(row.body), ...(row.hold_id === null ? {} : { holdId: row.hold_id }) };
}

function canonicalIp(text: string): string {
  const parsed = parseIp(text);
  if (parsed.ok) return parsed.ip;
  throw new RpcProblem({ status: 400, code: 'bad-input', title: 'This is no address.', faults: [{ path: 'ip', message: parsed.message }] });
}

/** As an absolute name, and as a host name without its domain. */
function spellings(name: string): readonly string[] {
  const lower = name.toLowerCase().replace(/\.$/, '');
  return [lower, `${lower}.`];
}
