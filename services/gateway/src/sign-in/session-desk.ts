import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { isTransient } from '@vmdns/bus';
import { Clock, CONFIG, Log } from '@vmdns/chassis';
import type { Caller } from '@vmdns/contracts';
import type { Config } from '../config.js';
import { refused, unavailable } from '../http/problems.js';
import { SignIn } from './sign-in.js';
import { SessionTable } from './session.table.js';
import { hashOf } from './token.js';

/** Longer than a healthy look-up ever takes, short enough that with the ask behind it an answer comes within a second. */
export const LOOK_UP_MS = 250;

/** A session that was just opened or renewed: what the cookie holds, and until when. */
export interface OpenSession { readonly secret: string; readonly expiresAt: Date }

/** Sign-in for people: a token opens a session, which lives in a cookie, is short, and is renewed while it is used. */
@Injectable()
export class SessionDesk {
  readonly #sessions: SignIn;

  constructor(private readonly table: SessionTable, private readonly tokens: SignIn, private readonly log: Log, clock: Clock, @Inject(CONFIG) private readonly config: Config) {
    this.#sessions = new SignIn(table, { freshMs: config.TOKEN_FRESH_SECONDS * 1000, keptMs: config.TOKEN_KEPT_SECONDS * 1000, lookUpMs: LOOK_UP_MS }, () => clock.now().getTime());
  }

  /** Whose session this is; undefined: nobody's (any more). */
  callerOf(secret: string): Promise<Caller | undefined> {
    return this.#sessions.callerOf(secret);
  }

  /** Throws a 401 problem where nobody holds the token. */
  async open(token: string): Promise<OpenSession & { readonly caller: Caller }> {
    const caller = token === '' ? undefined : await this.tokens.callerOf(token);
    if (caller === undefined) throw refused(401, 'the token is not known or was revoked');
    const secret = `vmdns-session_${randomBytes(32).toString('base64url')}`;
    const expiresAt = await this.table.open(hashOf(secret), hashOf(token), Math.min(this.config.SESSION_MINUTES * 60, this.config.SESSION_HOURS_MAX * 3600));
    if (expiresAt === undefined) throw unavailable('the token is not stored yet');
    this.log.info({ by: caller.name, role: caller.role }, 'session opened');
    return { secret, expiresAt, caller };
  }

  /** Undefined where it could not be renewed now: it goes on as it was. */
  async renew(secret: string): Promise<OpenSession | undefined> {
    try {
      const expiresAt = await this.table.renew(hashOf(secret), this.config.SESSION_MINUTES * 60, this.config.SESSION_HOURS_MAX * 3600);
      return expiresAt === undefined ? undefined : { secret, expiresAt };
    } catch (error) {
      if (isTransient(error)) return undefined;
      throw error;
    }
  }

  /** May run twice. */
  async close(secret: string, caller: Caller): Promise<void> {
    await this.table.close(hashOf(secret), caller.name);
    this.#sessions.forgetSecret(secret);
    this.log.info({ by: caller.name }, 'session closed');
  }

  /** The sessions of a revoked token end at once here, and within TOKEN_FRESH_SECONDS elsewhere. */
  forgetToken(id: string): void {
    this.#sessions.forget(id);
  }

  /** Ids of the tokens whose sessions were used since the last call. */
  takeUsed(): readonly string[] {
    return this.#sessions.takeUsed();
  }
}
