import type { ServerResponse } from 'node:http';
import { Controller, Res } from '@nestjs/common';
import { Clock } from '@vmdns/chassis';
import type { Caller, Session } from '@vmdns/contracts';
import { AuditTable } from '../audit/audit.table.js';
import { Asked, By, Raw } from '../http/ask.js';
import { Handles, type AskOf } from '../http/call.js';
import { sessionCookie } from '../http/cookies.js';
import type { DoorRequest } from '../http/door-request.js';
import { SessionDesk, type OpenSession } from '../sign-in/session-desk.js';
import { auditCalls, sessionCalls } from './session.calls.js';

/** Signing in and out, and who did what. */
@Controller()
export class SessionController {
  constructor(private readonly desk: SessionDesk, private readonly audit: AuditTable, private readonly clock: Clock) {}

  @Handles(sessionCalls.open)
  async open(@Asked() { body }: AskOf<typeof sessionCalls.open>, @Raw() request: DoorRequest, @Res({ passthrough: true }) response: ServerResponse): Promise<Session> {
    const { caller, ...session } = await this.desk.open(body.token);
    this.#set(request, response, session);
    return { ...caller, expiresAt: session.expiresAt.toISOString() };
  }

  @Handles(sessionCalls.get)
  async get(@By() caller: Caller, @Raw() request: DoorRequest, @Res({ passthrough: true }) response: ServerResponse): Promise<Session> {
    const renewed = request.session === undefined ? undefined : await this.desk.renew(request.session);
    if (renewed !== undefined) this.#set(request, response, renewed);
    return { ...caller, expiresAt: renewed?.expiresAt.toISOString() ?? null };
  }

  @Handles(sessionCalls.close)
  async close(@By() caller: Caller, @Raw() request: DoorRequest, @Res({ passthrough: true }) response: ServerResponse): Promise<void> {
    if (request.session === undefined) return;
    await this.desk.close(request.session, caller);
    this.#set(request, response, undefined);
  }

  @Handles(auditCalls.list)
  list(@Asked() { query }: AskOf<typeof auditCalls.list>) {
    return this.audit.list(query);
  }

  #set(request: DoorRequest, response: ServerResponse, session: OpenSession | undefined): void {
    response.setHeader('Set-Cookie', sessionCookie(request, session, this.clock.now()));
  }
}
