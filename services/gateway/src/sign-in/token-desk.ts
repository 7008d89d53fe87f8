import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { isTransient } from '@vmdns/bus';
import { CONFIG, Log } from '@vmdns/chassis';
import type { Caller, NewToken, Token } from '@vmdns/contracts';
import type { Config } from '../config.js';
import { badCursor, refused } from '../http/problems.js';
import { SessionDesk } from './session-desk.js';
import { SignIn } from './sign-in.js';
import { hashOf, newToken, newTokenId } from './token.js';
import { FIRST_ADMIN, TokenTable, type TokenRow } from './token.table.js';

const TOUCH_EVERY_MS = 60_000;
const RETRY_MS = 1000;

/** Gives tokens out and takes them back; the first admin token comes from a file. */
@Injectable()
export class TokenDesk implements OnApplicationBootstrap, OnModuleDestroy {
  #timer: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(private readonly table: TokenTable, private readonly signIn: SignIn, private readonly sessions: SessionDesk, private readonly log: Log, @Inject(CONFIG) private readonly config: Config) {}

  onApplicationBootstrap(): void {
    this.begin();
    this.#timer = setInterval(() => { void this.#touch(); }, TOUCH_EVERY_MS).unref();
  }

  async onModuleDestroy(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#retry);
    await this.#touch();
  }

  async list(limit: number, cursor: string | undefined): Promise<{ readonly items: readonly Token[]; readonly next?: string }> {
    if (cursor !== undefined && !await this.table.has(cursor)) throw badCursor();
    const rows = await this.table.list(limit + 1, cursor);
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return { items: rows.slice(0, limit).map(toAnswer), ...(last === undefined ? {} : { next: last.id }) };
  }

  async add({ name, role, tenant, sources }: Omit<Caller, 'sources'> & { readonly sources: readonly string[] | null }, by: Caller): Promise<NewToken> {
    const token = newToken();
    const row = await this.table.add({ id: newTokenId(), hash: hashOf(token), name, role, tenant, sources: sources === null ? null : [...new Set(sources)].sort(), createdBy: by.name });
    if (row === undefined) throw refused(409, `there is a live token "${name}" with another role, tenant or sources; revoke it first or take another name`);
    this.log.info({ id: row.id, name, role, tenant, sources, by: by.name }, 'token added');
    return { ...toAnswer(row), token };
  }

  async revoke(id: string, by: Caller): Promise<void> {
    if (id === FIRST_ADMIN && this.config.ADMIN_TOKEN !== undefined) throw refused(409, 'this is the token of ADMIN_TOKEN_FILE: change the file and start the gateway again');
    if (!await this.table.revoke(id, by.name)) throw refused(404, 'there is no such token');
    this.forget(id);
    this.log.info({ id, by: by.name }, 'token revoked');
  }

  /** It is asked for again before it is believed, with its sessions. */
  forget(id: string): void {
    this.signIn.forget(id);
    this.sessions.forgetToken(id);
  }

  /** What ADMIN_TOKEN_FILE says counts: at start, and where PostgreSQL may have forgotten it. May run twice. */
  begin(): void {
    const { ADMIN_TOKEN } = this.config;
    if (ADMIN_TOKEN !== undefined) {
      const stored = this.signIn.remember(ADMIN_TOKEN, FIRST_ADMIN, { name: 'admin', role: 'admin', tenant: null });
      void this.#untilDone(async () => { await this.table.ensureFirstAdmin(hashOf(ADMIN_TOKEN)); stored(); });
    } else {
      // Nobody may come in by a token that the operator took away.
      void this.#untilDone(async () => { await this.table.dropFirstAdmin(); });
    }
  }

  /** Again and again until Postgres took what is to be of the first admin token. */
  async #untilDone(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isTransient(error)) this.log.error({ err: error }, 'what ADMIN_TOKEN_FILE says could not be stored');
      if (!this.#closed) this.#retry = setTimeout(() => { void this.#untilDone(work); }, RETRY_MS).unref();
    }
  }

  async #touch(): Promise<void> {
    const ids = [...new Set([...this.signIn.takeUsed(), ...this.sessions.takeUsed()])];
    if (ids.length === 0) return;
    try {
      await this.table.touch(ids);
    } catch (error) {
      this.log.debug({ err: error }, 'last use of tokens was not noted');
    }
  }
}

function toAnswer({ createdAt, lastUsedAt, revokedAt, ...row }: TokenRow): Token {
  return { ...row, createdAt: createdAt.toISOString(), lastUsedAt: lastUsedAt?.toISOString() ?? null, revokedAt: revokedAt?.toISOString() ?? null };
}
