import { Injectable } from '@nestjs/common';
import { Deeds } from '@vmdns/chassis';
import type { Role } from '@vmdns/contracts';
import { Store, type Tx } from '@vmdns/store';
import { Doubt } from './doubt.js';
import type { FoundCaller } from './sign-in.js';

/** One token as it is listed: everything but its hash. */
export interface TokenRow {
  readonly id: string; readonly name: string; readonly role: Role; readonly tenant: string | null; readonly sources: string[] | null;
  readonly createdAt: Date; readonly createdBy: string; readonly lastUsedAt: Date | null; readonly revokedAt: Date | null;
}
export interface NewToken { readonly id: string; readonly hash: string; readonly name: string; readonly role: Role; readonly tenant: string | null; readonly sources: readonly string[] | null; readonly createdBy: string }

/** The row of the token in ADMIN_TOKEN_FILE; replaced when the file changes. */
export const FIRST_ADMIN = 'admin-token-file';

const COLUMNS = 'id, name, role, tenant, sources, created_at as "createdAt", created_by as "createdBy", last_used_at as "lastUsedAt", revoked_at as "revokedAt"';

/** Columns that say who holds a token, and what they become. */
export const HOLDER = 'name, role, tenant, sources';
export interface TokenHolder { readonly id: string; readonly hash: string; readonly name: string; readonly role: Role; readonly tenant: string | null; readonly sources: string[] | null }
export function holderOf({ id, hash, name, role, tenant, sources }: TokenHolder): FoundCaller {
  return { id, hash, caller: { name, role, tenant, ...(sources === null ? {} : { sources }) } };
}

/** Tokens, as hashes. */
@Injectable()
export class TokenTable {
  constructor(private readonly store: Store, private readonly deeds: Deeds, private readonly doubt: Doubt) {}

  async findByHash(hash: string): Promise<FoundCaller | undefined> {
    const [row] = await this.store.query<TokenHolder>(`select id, hash, ${HOLDER} from token where hash = $1 and revoked_at is null`, [hash]);
    return row === undefined ? undefined : holderOf(this.doubt.passed(row));
  }

  async has(id: string): Promise<boolean> {
    return (await this.store.query('select 1 from token where id = $1', [id])).length > 0;
  }

  /** Newest first; `before` is the id of the last row of the page before. */
  list(limit: number, before: string | undefined): Promise<readonly TokenRow[]> {
    return this.store.query<TokenRow>(`
      select ${COLUMNS} from token
      where $2::text is null or (created_at, id) < (select created_at, id from token where id = $2)
      order by created_at desc, id desc limit $1`, [limit, before ?? null]);
  }

  /** Two live tokens may share a name (so that one can replace the other) only if they may do the same; else undefined. */
  async add(token: NewToken): Promise<TokenRow | undefined> {
    const added = await this.store.transaction(async (tx) => {
      await tx.query('select pg_advisory_xact_lock(hashtext($1))', [`vmdns token ${token.name}`]);
      const others = await tx.query('select id from token where name = $1 and revoked_at is null and (role <> $2 or tenant is distinct from $3 or sources is distinct from $4) limit 1', [token.name, token.role, token.tenant, token.sources]);
      if (others.length > 0) return undefined;
      const [row] = await tx.query<TokenRow>(`insert into token (id, hash, name, role, tenant, sources, created_by) values ($1, $2, $3, $4, $5, $6, $7) returning ${COLUMNS}`, [token.id, token.hash, token.name, token.role, token.tenant, token.sources, token.createdBy]);
      const noted = await this.deeds.note(tx, { kind: 'token-added', key: `token:${token.id}`, what: `the token ${token.name} (${token.id}, ${token.role}${token.tenant === null ? '' : ` of tenant ${token.tenant}`})`, by: token.createdBy });
      return row === undefined ? undefined : { row, noted };
    });
    if (added === undefined) return undefined;
    this.deeds.say(added.noted);
    return added.row;
  }

  /** True also when it was revoked before; false where there is none. */
  async revoke(id: string, by: string): Promise<boolean> {
    const { isThere, noted } = await this.store.transaction(async (tx) => {
      const [revoked] = await this.revokeIn(tx, id);
      if (revoked === undefined) return { isThere: (await tx.query('select 1 from token where id = $1', [id])).length > 0, noted: [] };
      return { isThere: true, noted: [await this.deeds.note(tx, { kind: 'token-revoked', key: `token:${id}`, what: `the revocation of the token ${revoked.name} (${id})`, by, body: { id } })] };
    });
    this.deeds.say(...noted);
    return isThere;
  }

  /** Its name, if that was news. */
  revokeIn(tx: Tx, id: string): Promise<readonly { readonly name: string }[]> {
    return tx.query('update token set revoked_at = clock_timestamp() where id = $1 and revoked_at is null returning name', [id]);
  }

  /** The token of ADMIN_TOKEN_FILE; another hash replaces the one before it. */
  async ensureFirstAdmin(hash: string): Promise<void> {
    await this.store.query(`
      insert into token (id, hash, name, role, tenant, created_by) values ($1, $2, 'admin', 'admin', null, 'ADMIN_TOKEN_FILE')
      on conflict (id) do update set hash = excluded.hash, revoked_at = null, created_at = clock_timestamp() where token.hash <> excluded.hash or token.revoked_at is not null`, [FIRST_ADMIN, hash]);
  }

  /** There is no ADMIN_TOKEN_FILE any more. */
  async dropFirstAdmin(): Promise<void> {
    await this.revokeIn(this.store, FIRST_ADMIN);
  }

  /** Notes that these tokens were used lately. */
  async touch(ids: readonly string[]): Promise<void> {
    await this.store.query('update token set last_used_at = clock_timestamp() where id = any($1::text[])', [ids]);
  }
}
