import { z } from 'zod';
import { DeadLetter, DeadLetterShown, FactAnswer } from '@vmdns/contracts';
import { call, OPERATORS, pageOf, pageQuery, WATCHERS } from '../http/call.js';

const params = z.object({ id: z.uuid() });

export const deadLetterCalls = {
  list: call({
    id: 'listDeadLetters', method: 'get', path: '/v1/deadletters', tag: 'Dead letters', summary: 'Messages of the bus that could not be taken, newest first.', roles: WATCHERS, forTenants: false,
    query: z.strictObject({ service: z.string().max(64).optional(), state: z.enum(['open', 'replayed']).optional(), ...pageQuery }), answers: { 200: { text: 'A page of them, without what they said.', schema: pageOf(DeadLetter) } },
  }),
  get: call({ id: 'getDeadLetter', method: 'get', path: '/v1/deadletters/:id', tag: 'Dead letters', summary: 'One of them, with what it said; what looks like a secret is masked.', roles: WATCHERS, forTenants: false, params, answers: { 200: { text: 'The message.', schema: DeadLetterShown } } }),
  replay: call({
    id: 'replayDeadLetter', method: 'post', path: '/v1/deadletters/:id/replay', tag: 'Dead letters', summary: "Tells a publisher's message once more: as it came, or mended.", roles: OPERATORS, forTenants: false, params,
    body: z.strictObject({ payload: z.record(z.string(), z.unknown()).optional().describe('The whole message, mended: a CloudEvent. Absent: as it came.') }).optional(),
    answers: { 200: { text: 'It was understood; what became of the fact.', schema: FactAnswer } },
  }),
};
