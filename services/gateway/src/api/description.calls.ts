import { ApiDescription } from '@vmdns/contracts';
import { call, READERS } from '../http/call.js';

export const descriptionCalls = {
  describe: call({
    id: 'describeApi', method: 'get', path: '/openapi.json', tag: 'API', summary: 'Every call, as OpenAPI 3.1.',
    roles: READERS, forTenants: true, answers: { 200: { text: 'This description.', schema: ApiDescription } },
  }),
};
