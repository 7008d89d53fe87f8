import { z } from 'zod';
import { Connection, Provider, ProviderName } from '@vmdns/contracts';
import { call, OPERATORS, pageOf, pageQuery, READERS, WATCHERS } from '../http/call.js';
import { idParams } from './fields.js';

const Settings = z.record(z.string().min(1).max(64), z.unknown());
const name = z.string().min(1).max(128);
const Secrets = z.record(z.string().min(1).max(64), z.string().min(1).max(65_536)).refine((fields) => Object.keys(fields).length > 0, 'must name at least one secret field');
const one = (status: number, text: string) => ({ [status]: { text, schema: Connection } });

export const connectionCalls = {
  providers: call({
    id: 'listProviders', method: 'get', path: '/v1/providers', tag: 'Connections', summary: 'The providers whose adapters have announced themselves, and the forms to fill in.',
    roles: READERS, forTenants: true, answers: { 200: { text: 'All of them.', schema: z.object({ items: z.array(Provider) }) } },
  }),
  list: call({
    id: 'listConnections', method: 'get', path: '/v1/connections', tag: 'Connections', summary: 'Connections to providers, without their secrets.',
    roles: WATCHERS, forTenants: false, query: z.strictObject(pageQuery), answers: { 200: { text: 'A page of connections.', schema: pageOf(Connection) } },
  }),
  add: call({
    id: 'addConnection', method: 'post', path: '/v1/connections', tag: 'Connections', summary: 'A new connection; its secrets are sealed for its adapter and never come out again.',
    roles: OPERATORS, forTenants: false, body: z.strictObject({ name, provider: ProviderName, settings: Settings.describe("By the provider's `connectionSchema`, secrets included.") }),
    answers: one(201, 'The connection; of its secrets only the names.'),
  }),
  get: call({
    id: 'getConnection', method: 'get', path: '/v1/connections/:id', tag: 'Connections', summary: 'One connection, without its secrets.',
    roles: WATCHERS, forTenants: false, params: idParams, answers: one(200, 'The connection.'),
  }),
  change: call({
    id: 'changeConnection', method: 'patch', path: '/v1/connections/:id', tag: 'Connections',
    summary: 'Changes what is named. Where an address (a URL) changes, the secrets must be given again, so that nobody can have them sent elsewhere.',
    roles: OPERATORS, forTenants: false, params: idParams, body: z.strictObject({
      name: name.optional(), settings: Settings.optional(),
      sameServer: z.boolean().default(false).describe('The server is the same as before, at whatever address: what vmdns wrote there stays its own. Without it, zones whose address changed wait (`target-changed`) until somebody says so, or the address is as it was.'),
    }), answers: one(200, 'The connection as it is now.'),
  }),
  setSecrets: call({
    id: 'setConnectionSecrets', method: 'put', path: '/v1/connections/:id/secrets', tag: 'Connections', summary: 'Rotates secrets: replaces the named ones, keeps the others.',
    roles: OPERATORS, forTenants: false, params: idParams, body: Secrets, answers: one(200, 'The connection; of its secrets only the names.'),
  }),
  remove: call({
    id: 'removeConnection', method: 'delete', path: '/v1/connections/:id', tag: 'Connections', summary: 'Removes a connection that no zone uses.',
    roles: OPERATORS, forTenants: false, params: idParams, answers: { 204: { text: 'It is gone.' } },
  }),
};
