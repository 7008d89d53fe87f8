import { RpcProblem } from '@vmdns/bus';
import type { Caller, Fault } from '@vmdns/contracts';

/** Zones, connections, pauses, settings and holds are the operators' business, not a tenant's. */
export function requireOperator(caller: Caller): void {
  if (caller.tenant !== null || (caller.role !== 'admin' && caller.role !== 'operator')) {
    throw new RpcProblem({ status: 403, code: 'forbidden', title: 'this needs the role admin or operator, without a tenant' });
  }
}

export function refuseFaults(title: string, faults: readonly Fault[]): void {
  if (faults.length > 0) throw new RpcProblem({ status: 400, code: 'bad-input', title, faults: [...faults] });
}

export function notFound(what: string, id: string): RpcProblem {
  return new RpcProblem({ status: 404, code: 'not-found', title: `no such ${what}`, detail: `${what} ${id} does not exist` });
}

export function conflict(title: string, detail: string): RpcProblem {
  return new RpcProblem({ status: 409, code: 'conflict', title, detail });
}
