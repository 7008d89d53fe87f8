import { z } from 'zod';
import { SnapshotReport } from '@vmdns/contracts';
import { call, PUBLISHERS } from '../http/call.js';

export const NDJSON = 'application/x-ndjson';

export const sourceCalls = {
  snapshot: call({
    id: 'postSnapshot', method: 'post', path: '/v1/sources/:source/snapshot', tag: 'Events', isFact: true,
    summary: "A source's complete list of VMs: what differs is told, and what is missing in two such lists is deleted, under the brake.",
    roles: PUBLISHERS, forTenants: true, accepts: [NDJSON], streams: true,
    params: z.object({ source: z.string().min(1).max(256) }),
    body: z.unknown().describe('One VM a line, as the body of `PUT /v1/vms/{vmId}` with its `vmId`; the last line is `{"end": true, "count": <lines before it>}`. A list without that line, with another count, or empty changes nothing. Who calls must be bound to the source: it is among the sources of its token or `http:<its name>`, or it is an operator.'),
    answers: { 200: { text: 'What came of it.', schema: SnapshotReport } },
  }),
};
