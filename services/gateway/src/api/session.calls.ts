import { z } from 'zod';
import { AuditEntry, Session } from '@vmdns/contracts';
import { ADMINS, call, pageOf, pageQuery, READERS } from '../http/call.js';

const answers = { 200: { text: 'Who it is.', schema: Session } };

export const sessionCalls = {
  open: call({
    id: 'openSession', method: 'post', path: '/v1/session', tag: 'Sessions', opensTo: 'anybody',
    summary: 'Signs a person in: a token becomes a short session in a cookie that no script can read. Needs no `Authorization`.',
    roles: READERS, forTenants: true, body: z.strictObject({ token: z.string().max(512).default('') }).prefault({}), answers,
  }),
  get: call({
    id: 'getSession', method: 'get', path: '/v1/session', tag: 'Sessions', summary: 'Who calls: name, role, tenant. Renews the session of a cookie.',
    roles: READERS, forTenants: true, answers,
  }),
  close: call({
    id: 'closeSession', method: 'delete', path: '/v1/session', tag: 'Sessions', summary: 'Signs out.',
    roles: READERS, forTenants: true, answers: { 204: { text: 'Signed out; also where nobody was signed in by a cookie.' } },
  }),
};

export const auditCalls = {
  list: call({
    id: 'listAudit', method: 'get', path: '/v1/audit', tag: 'Audit', summary: 'Who changed what through the door, newest first: connections, zones, pauses, holds, settings, tokens. Facts of VMs are in the log.',
    roles: ADMINS, forTenants: false, query: z.strictObject({ by: z.string().max(64).optional().describe("A token's name."), ...pageQuery }),
    answers: { 200: { text: 'A page of entries.', schema: pageOf(AuditEntry) } },
  }),
};
