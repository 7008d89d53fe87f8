import { Injectable } from '@nestjs/common';
import { Deeds } from '@vmdns/chassis';
import { Store, type Tx } from '@vmdns/store';
import { Doubt } from './doubt.js';
import type { FoundCaller, Tokens } from './sign-in.js';
import { HOLDER, holderOf, type TokenHolder } from './token.table.js';

/** Sessions as they are kept: each hangs on the token that opened it, as that token was then. */
@Injectable()
export class SessionTable implements Tokens {
  constructor(private readonly store: Store, private readonly deeds: Deeds, private readonly doubt: Doubt) {}

  /** By the hash of the cookie; `id` is the token's. */
  async findByHash(hash: string): Promise<FoundCaller | undefined> {
    const [row] = await this.store.query<TokenHolder>(`
      select t.id, s.hash, ${HOLDER} from session s join token t on t.id = s.token_id and t.hash = s.token_hash
      where s.hash = $1 and s.expires_at > clock_timestamp() and t.revoked_at is null`, [hash]);
    return row === undefined ? undefined : holderOf(this.doubt.passed(row));
  }

  /** Undefined where the token is not stored (yet). Clears away what has ended. */
  async open(hash: string, tokenHash: string, seconds: number): Promise<Date | undefined> {
    await this.store.query('delete from session where expires_at < clock_timestamp()');
    const [row] = await this.store.query<{ expires_at: Date }>(`
      insert into session (hash, token_id, token_hash, expires_at) select $1, id, hash, clock_timestamp() + make_interval(secs => $3) from token where hash = $2 and revoked_at is null
      returning expires_at`, [hash, tokenHash, seconds]);
    return row?.expires_at;
  }

  /** Moves the end of a living session, never beyond `mostSeconds` after its beginning. */
  async renew(hash: string, seconds: number, mostSeconds: number): Promise<Date | undefined> {
    const [row] = await this.store.query<{ expires_at: Date }>(`
      update session set expires_at = greatest(expires_at, least(clock_timestamp() + make_interval(secs => $2), created_at + make_interval(secs => $3)))
      where hash = $1 and expires_at > clock_timestamp() returning expires_at`, [hash, seconds, mostSeconds]);
    return row?.expires_at;
  }

  async close(hash: string, by: string): Promise<void> {
    const mark = markOf(hash);
    const noted = await this.store.transaction(async (tx) => {
      const closed = await tx.query('delete from session where hash = $1 returning 1', [hash]);
      return closed.length === 0 ? [] : [await this.deeds.note(tx, { kind: 'session-closed', key: `session:${mark}`, what: 'the end of a session', by, body: { mark } })];
    });
    this.deeds.say(...noted);
  }

  /** Whether it lived. */
  async closeMarked(tx: Tx, mark: string): Promise<boolean> {
    return (await tx.query('delete from session where left(hash, $2) = $1 returning 1', [mark, MARK])).length > 0;
  }
}

/** So much of a cookie's hash says which it was, and nothing of the cookie. */
const MARK = 16;
const markOf = (hash: string): string => hash.slice(0, MARK);
