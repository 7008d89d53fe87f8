import { z } from 'zod';
import { Plan, PLAN_FACTS_MAX, PLAN_NAMES_MAX } from '@vmdns/contracts';
import { call, PUBLISHERS } from '../http/call.js';

export const planCalls = {
  post: call({
    id: 'planFacts', method: 'post', path: '/v1/plans', tag: 'Plans', isFact: true,
    summary: 'What would change if these facts came in: added, changed, removed, held back, refused. Writes nothing anywhere.',
    roles: PUBLISHERS, forTenants: false, bodyMax: 400_000, judgesBody: true,
    body: z.strictObject({
      source: z.string().min(1).max(256).optional().describe("As events of this source; absent: as this token's own calls."),
      facts: z.array(z.record(z.string(), z.unknown())).min(1).max(PLAN_FACTS_MAX)
        .describe(`Each as the body of \`PUT /v1/vms/{vmId}\` with its \`vmId\`, or \`{"vmId": …, "deleted": true}\` (with \`uid\` and \`version\`, if you like). All together at most ${PLAN_NAMES_MAX.toLocaleString('en')} names and addresses. A faulty fact is told with its faults, and the others are planned.`),
    }),
    answers: { 200: { text: 'The plan, for people (`text`) and for programs.', schema: Plan } },
  }),
};
