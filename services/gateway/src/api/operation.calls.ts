import { z } from 'zod';
import { Brakes, Explanation, Hold, HoldOutcome, HoldPage, LogEntry, LogFilter, NewToken, Overview, Pause, PauseMade, PauseScope, PlanningSettings, Role, Settings, TenantId, Token } from '@vmdns/contracts';
import { ADMINS, call, OPERATORS, pageOf, pageQuery, READERS, WATCHERS } from '../http/call.js';
import { idParams, instant } from './fields.js';

export const explainCalls = {
  explain: call({
    id: 'explain', method: 'get', path: '/v1/explain', tag: 'VMs', summary: 'Why a VM, name or address has the DNS it has, or none: sentences and data.',
    roles: READERS, forTenants: true, query: z.strictObject({ q: z.string().min(1).max(255).describe('A vmId, a name or an address.') }),
    answers: { 200: { text: 'The explanation.', schema: Explanation } },
  }),
};

export const overviewCalls = {
  get: call({
    id: 'getOverview', method: 'get', path: '/v1/overview', tag: 'Operation', summary: 'How all of it stands: names by state and reason, what waits, health of providers and connections, outcomes by minute.',
    roles: WATCHERS, forTenants: false, answers: { 200: { text: 'What is known now; a service that does not answer is named in `silent`.', schema: Overview } },
  }),
};

export const pauseCalls = {
  list: call({ id: 'listPauses', method: 'get', path: '/v1/pause', tag: 'Stop button', summary: 'What is paused, by whom and why.', roles: WATCHERS, forTenants: false, answers: { 200: { text: 'All pauses.', schema: z.object({ items: z.array(Pause) }) } } }),
  add: call({
    id: 'addPause', method: 'post', path: '/v1/pause', tag: 'Stop button', summary: 'Stops writing at once: everywhere, in one zone, or over one connection.', roles: OPERATORS, forTenants: false,
    body: z.strictObject({ scope: PauseScope, why: z.string().max(500).default(''), until: instant.nullable().default(null).describe('Ends by itself then; null: when somebody resumes.') }),
    answers: { 201: { text: 'It is paused: where `confirmed`, no call is out any more and none follows.', schema: PauseMade } },
  }),
  remove: call({ id: 'removePause', method: 'delete', path: '/v1/pause/:id', tag: 'Stop button', summary: 'Resumes: everything that waited is done.', roles: OPERATORS, forTenants: false, params: idParams, answers: { 204: { text: 'It is resumed.' } } }),
};

const Decided = z.strictObject({ checksum: z.string().max(64).optional().describe('Of the list that was looked at (GET of the hold): where it has changed since, nothing is decided and the answer is 409.') }).optional();
const decided = { 200: { text: 'What was decided, and the members that have changed since and were left out.', schema: HoldOutcome } };
export const holdCalls = {
  list: call({
    id: 'listHolds', method: 'get', path: '/v1/holds', tag: 'Holds', summary: 'Big changes that wait for a person.', roles: WATCHERS, forTenants: false,
    query: z.strictObject({ state: z.enum(['open', 'approved', 'rejected']).optional(), ...pageQuery }), answers: { 200: { text: 'A page of holds.', schema: pageOf(Hold) } },
  }),
  get: call({ id: 'getHold', method: 'get', path: '/v1/holds/:id', tag: 'Holds', summary: 'One hold and what it holds, as text.', roles: WATCHERS, forTenants: false, params: idParams, query: z.strictObject(pageQuery), answers: { 200: { text: 'The hold and a page of its members.', schema: HoldPage } } }),
  approve: call({ id: 'approveHold', method: 'post', path: '/v1/holds/:id/approve', tag: 'Holds', summary: 'Let it happen.', roles: OPERATORS, forTenants: false, params: idParams, body: Decided, answers: decided }),
  reject: call({ id: 'rejectHold', method: 'post', path: '/v1/holds/:id/reject', tag: 'Holds', summary: 'Keep everything as it is.', roles: OPERATORS, forTenants: false, params: idParams, body: Decided, answers: decided }),
};

export const SettingsBody = z.strictObject({ ...PlanningSettings.shape, brakes: Brakes.prefault({}) });
const settled = { 200: { text: 'The settings as they are.', schema: Settings } };
export const settingsCalls = {
  get: call({ id: 'getSettings', method: 'get', path: '/v1/settings', tag: 'Settings', summary: 'Main domains, address and zone rules, PTR templates, brakes.', roles: WATCHERS, forTenants: false, answers: settled }),
  put: call({ id: 'putSettings', method: 'put', path: '/v1/settings', tag: 'Settings', summary: 'Replaces all settings; what is not named takes its default.', roles: OPERATORS, forTenants: false, body: SettingsBody, answers: settled }),
};

const logQuery = { ...LogFilter.shape, vmId: z.string().max(128).optional(), since: instant.optional() };
export const logCalls = {
  search: call({ id: 'searchLog', method: 'get', path: '/v1/log', tag: 'Log', summary: 'What was done, refused and ignored; newest first.', roles: READERS, forTenants: false, query: z.strictObject({ ...logQuery, ...pageQuery }), answers: { 200: { text: 'A page of entries.', schema: pageOf(LogEntry) } } }),
  stream: call({
    id: 'streamLog', method: 'get', path: '/v1/log/stream', tag: 'Log', summary: 'The same as it happens: server-sent events, `data` is one entry; `Last-Event-ID` or `since` asks for what was missed.',
    roles: READERS, forTenants: false, query: z.strictObject(logQuery), answers: { 200: { text: 'Events named `entry`.', schema: LogEntry, mediaType: 'text/event-stream' } },
  }),
};

export const tokenCalls = {
  list: call({ id: 'listTokens', method: 'get', path: '/v1/tokens', tag: 'Tokens', summary: 'Who may call; never a token itself.', roles: ADMINS, forTenants: false, query: z.strictObject(pageQuery), answers: { 200: { text: 'A page of tokens.', schema: pageOf(Token) } } }),
  add: call({
    id: 'addToken', method: 'post', path: '/v1/tokens', tag: 'Tokens', summary: 'A new token. Facts carry its name as their source; a second live token of the same name must have the same role, tenant and sources.', roles: ADMINS, forTenants: false,
    body: z.strictObject({ name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits or . _ -'), role: Role, tenant: TenantId.nullable().default(null).describe('It sees and touches only this tenant; for publishers and viewers.'),
      sources: z.array(z.string().min(1).max(256)).min(1).max(50).nullable().default(null).describe('What its events may name as their `source`, besides `http:<name>`; null: anything but the `http:…` of another token.') })
      .refine((token) => token.sources === null || token.role !== 'viewer', { message: 'a viewer publishes nothing', path: ['sources'] })
      .refine((token) => token.tenant === null || token.role === 'publisher' || token.role === 'viewer', { message: 'only a publisher or viewer can belong to a tenant', path: ['tenant'] }),
    answers: { 201: { text: 'The token.', schema: NewToken } },
  }),
  revoke: call({ id: 'revokeToken', method: 'delete', path: '/v1/tokens/:id', tag: 'Tokens', summary: 'Revokes a token; it is refused everywhere within seconds.', roles: ADMINS, forTenants: false, params: idParams, answers: { 204: { text: 'It is revoked.' } } }),
};
