import { RpcProblem } from '@vmdns/bus';
import type { Hold, HoldMember } from '@vmdns/contracts';
import type { z } from 'zod';
import type { HoldRow, MemberRow, ShownMember } from './hold.table.js';
import { assertNever } from '../assert-never.js';

/** A hold as the API shows it. */
export function toHold(row: HoldRow): Hold {
  return {
    holdId: row.hold_id, service: 'inventory', kind: 'vm-deletions', scope: row.source, state: row.state,
    members: row.members, openedAt: row.opened_at.toISOString(), text: textOf(row),
    ...(row.decided_at === null ? {} : { decidedAt: row.decided_at.toISOString() }),
    ...(row.decided_by === null ? {} : { decidedBy: row.decided_by }),
  };
}

function textOf(row: HoldRow): string {
  const what = `${row.members} ${row.members === 1 ? 'deletion' : 'deletions'} of VMs by ${row.source}`;
  const why = `opened at ${row.opened_at.toISOString()}, because ${row.rule}${byOf(row)}`;
  const by = row.decided_by ?? 'somebody';
  switch (row.state) {
    case 'open':
      return row.members === 0
        ? `No deletion waits any more: newer facts took all of them off (${why}). Approve or reject to let this source delete again.`
        : `${what} wait for a person (${why}). Approve to delete these VMs, reject to keep them.`;
    case 'approved': return `${what} were approved by ${by} (${why}).`;
    case 'rejected': return `${what} were rejected by ${by}; the VMs are kept (${why}).`;
    default: return assertNever(row.state);
  }
}

/** Two publishers may name one source; each has a hold of its own. One that may name any has one for all. */
const byOf = ({ source, publisher }: HoldRow): string => (publisher === '' || publisher === source ? '' : `; told by ${publisher}`);

const MEMBER_TEXTS: Readonly<Record<MemberRow['state'], string>> = {
  waiting: 'waits', released: 'was deleted', changed: 'was left out: it has changed since', kept: 'is kept',
};

export function toMember(row: ShownMember): z.input<typeof HoldMember> {
  const version = row.deletion.said.version === null ? '' : `, deletion of version ${row.deletion.said.version}`;
  const used = row.state === 'waiting' ? row.used : [];
  const marks = used.map((ip) => `; ${ip} is used by another VM by now`).join('');
  return { vmId: row.vm_id, text: `VM ${row.vm_id} (${whatOf(row)}life ${row.life}, revision ${row.revision}${version}) ${MEMBER_TEXTS[row.state]}${marks}.`, ...(used.length === 0 ? {} : { usedByOthers: [...used] }) };
}

/** Its name, and its first addresses. */
function whatOf({ body, state }: ShownMember): string {
  if (body === null || state !== 'waiting') return '';
  const addresses = body.addresses.map((address) => address.ip);
  const name = body.fqdn ?? body.hostname;
  const parts = [...(name === null ? [] : [name]), ...addresses.slice(0, ADDRESSES_NAMED), ...(addresses.length > ADDRESSES_NAMED ? [`${addresses.length - ADDRESSES_NAMED} more addresses`] : [])];
  return parts.map((part) => `${part}, `).join('');
}
const ADDRESSES_NAMED = 4;

export function holdCursor(row: HoldRow): string {
  return Buffer.from(`${row.opened_at.toISOString()} ${row.hold_id}`).toString('base64url');
}

/** Throws a bad-input problem where the text is no cursor of ours. */
export function findHoldCursor(text: string | undefined): { readonly openedAt: string; readonly holdId: string } | undefined {
  if (text === undefined) return undefined;
  const [openedAt = '', holdId = ''] = Buffer.from(text, 'base64url').toString('utf8').split(' ');
  if (!Number.isNaN(Date.parse(openedAt)) && holdId !== '') return { openedAt, holdId };
  throw new RpcProblem({ status: 400, code: 'bad-input', title: 'The cursor is none of ours.', faults: [{ path: 'cursor', message: 'must be the `next` of an earlier page' }] });
}
