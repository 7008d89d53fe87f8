import { z } from 'zod';
import { EventOutcome, FactAnswer } from '@vmdns/contracts';
import { call, PUBLISHERS } from '../http/call.js';
import { factAnswers } from './vm.calls.js';

export const STRUCTURED = 'application/cloudevents+json';
export const BATCH = 'application/cloudevents-batch+json';

export const eventCalls = {
  post: call({
    id: 'postEvents', method: 'post', path: '/v1/events', tag: 'Events',
    summary: 'CloudEvents 1.0: structured, binary (ce-* headers), or a batch of at most 1,000.',
    roles: PUBLISHERS, forTenants: true, isFact: true, accepts: [STRUCTURED, BATCH, 'application/json'], judgesBody: true,
    body: z.unknown().describe('Types: vmdns.vm.changed.v1, vmdns.vm.deleted.v1, vmdns.address.ptr.v1.'),
    answers: {
      200: { ...factAnswers[200], schema: z.union([FactAnswer, z.array(EventOutcome)]) },
      202: { text: 'Stored; of a batch: all is stored or was known.', schema: z.union([FactAnswer, z.array(EventOutcome)]) },
      207: { text: 'A batch of which something was not taken: see the status of each event.', schema: z.array(EventOutcome) },
    },
  }),
};
