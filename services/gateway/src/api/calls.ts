import type { Call } from '../http/call.js';
import { legacyCalls } from '../bridges/legacy.calls.js';
import { connectionCalls } from './connection.calls.js';
import { deadLetterCalls } from './dead-letter.calls.js';
import { descriptionCalls } from './description.calls.js';
import { eventCalls } from './event.calls.js';
import { explainCalls, holdCalls, logCalls, overviewCalls, pauseCalls, settingsCalls, tokenCalls } from './operation.calls.js';
import { planCalls } from './plan.calls.js';
import { auditCalls, sessionCalls } from './session.calls.js';
import { sourceCalls } from './source.calls.js';
import { tenantCalls } from './tenant.calls.js';
import { vmCalls } from './vm.calls.js';
import { zoneCalls } from './zone.calls.js';

const GROUPS = [
  vmCalls, eventCalls, sourceCalls, planCalls, explainCalls, overviewCalls, connectionCalls, zoneCalls, pauseCalls, holdCalls, settingsCalls, tenantCalls, logCalls, deadLetterCalls, tokenCalls,
  legacyCalls, sessionCalls, auditCalls, descriptionCalls,
];
/** Every call of the door: the role × call table, the routes, and the description are made of it. */
export const CALLS: readonly Call[] = GROUPS.flatMap((group) => Object.values<Call>(group));
