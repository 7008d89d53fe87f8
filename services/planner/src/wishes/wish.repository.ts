import type { AddressWish, Fact, NameWish, Wish } from '@vmdns/domain';
import { bigintArray, booleanArray, jsonbArray, textArray, type Tx } from '@vmdns/store';

interface WishRow {
  readonly rkey: string;
  readonly kind: 'name' | 'address';
  readonly vm_id: string;
  readonly claim: number;
  readonly tenant: string | null;
  readonly share: boolean;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A wish with the life of the VM that has it. */
export interface WishOfLife { readonly wish: Wish; readonly life: number }

/** What identifies a wish: one VM wishes one thing of one kind at one key. */
export function wishId(wish: Pick<Wish, 'key' | 'kind' | 'vmId'>): string {
  return `${wish.kind} ${wish.vmId} ${wish.key}`;
}

/** The row keeps apart what statements order by; the rest is the body. */
function bodyOf(wish: Wish): string {
  const { name } = wish;
  return JSON.stringify(wish.kind === 'name' ? { name, addresses: wish.addresses } : { name, ip: wish.ip, target: wish.target, origin: wish.origin });
}

/** The body was written by `bodyOf` from a wish of this kind, in this schema, by this service: it is one again. */
function toWish(row: WishRow): Wish {
  const { rkey: key, vm_id: vmId, claim, tenant } = row;
  if (row.kind === 'name') {
    const { name, addresses } = row.body as unknown as Pick<NameWish, 'name' | 'addresses'>;
    return { kind: 'name', key, name, vmId, tenant, claim, shareName: row.share, addresses };
  }
  const { name, ip, target, origin } = row.body as unknown as Pick<AddressWish, 'name' | 'ip' | 'target' | 'origin'>;
  return { kind: 'address', key, name, ip, vmId, tenant, claim, target, origin };
}

const COLUMNS = 'w.rkey, w.kind, w.vm_id, w.claim, w.tenant, w.share, w.body';

export async function readWishesOfVms(tx: Tx, vmIds: readonly string[]): Promise<Wish[]> {
  const rows = await tx.query<WishRow>(`select ${COLUMNS} from wish w where w.vm_id = any($1::text[])`, [textArray(vmIds)]);
  return rows.map(toWish);
}

/** `isStored`: its row is there, and says something else. */
interface WrittenWish extends WishOfLife { readonly isStored: boolean }

export interface WishDiff { readonly removed: readonly Wish[]; readonly written: readonly WrittenWish[] }

/** What of the stored wishes differs from the wanted ones; nothing for a fact that says the same again (L12). */
export function diffWishes(stored: readonly Wish[], wanted: readonly Wish[], facts: ReadonlyMap<string, Pick<Fact, 'life'>>): WishDiff {
  const before = new Map(stored.map((wish) => [wishId(wish), wish]));
  const after = new Map(wanted.map((wish) => [wishId(wish), wish]));
  return {
    removed: stored.filter((wish) => !after.has(wishId(wish))),
    written: wanted.flatMap((wish) => {
      const old = before.get(wishId(wish));
      return old !== undefined && sameWish(old, wish) ? [] : [{ wish, life: facts.get(wish.vmId)?.life ?? 0, isStored: old !== undefined }];
    }),
  };
}

function sameWish(a: Wish, b: Wish): boolean {
  if (a.claim !== b.claim || a.tenant !== b.tenant) return false;
  if (a.kind === 'address') return b.kind === 'address' && a.target === b.target && a.origin === b.origin;
  return b.kind === 'name' && a.shareName === b.shareName && a.addresses.length === b.addresses.length && a.addresses.every((ip, at) => ip === b.addresses[at]);
}

/** Under the locks of the VMs: only who holds a VM's row writes its wishes. */
export async function writeWishes(tx: Tx, diff: WishDiff): Promise<void> {
  await Promise.all([deleteWishes(tx, diff.removed), storeWishes(tx, diff.written.filter(({ isStored }) => !isStored), ''), storeWishes(tx, diff.written.filter(({ isStored }) => isStored), OVER)]);
}

/** Only where a row is there: looking for one costs as much as an index. */
const OVER = `on conflict (vm_id, rkey, kind) do update
       set life = excluded.life, claim = excluded.claim, tenant = excluded.tenant, share = excluded.share, body = excluded.body`;

async function deleteWishes(tx: Tx, removed: readonly Wish[]): Promise<void> {
  if (removed.length === 0) return;
  // By row address, one probe for each: the VM's lock keeps these rows where they are.
  await tx.query(
    `delete from wish where ctid = any (array(select w.ctid from unnest($1::text[], $2::text[], $3::text[]) as d(vm_id, rkey, kind)
       cross join lateral (select ctid from wish where vm_id = d.vm_id and rkey = d.rkey and kind = d.kind limit 1) w))`,
    [textArray(removed.map((w) => w.vmId)), textArray(removed.map((w) => w.key)), textArray(removed.map((w) => w.kind))]);
}

async function storeWishes(tx: Tx, written: readonly WishOfLife[], conflict: '' | typeof OVER): Promise<void> {
  if (written.length === 0) return;
  await tx.query(`insert into wish (rkey, kind, vm_id, life, claim, tenant, share, body) select * from unnest(${WISH_ARRAYS(1)}) ${conflict}`, wishColumns(written));
}

/** The arrays of `wishColumns` as parameters from `$first` on. */
export const WISH_ARRAYS = (first: number): string => ['text', 'text', 'text', 'bigint', 'bigint', 'text', 'boolean', 'jsonb'].map((type, at) => `$${first + at}::${type}[]`).join(', ');

/** Column by column: rkey, kind, vm_id, life, claim, tenant, share, body. */
export function wishColumns(wishes: readonly WishOfLife[]): readonly Buffer[] {
  return [
    textArray(wishes.map(({ wish }) => wish.key)), textArray(wishes.map(({ wish }) => wish.kind)), textArray(wishes.map(({ wish }) => wish.vmId)),
    bigintArray(wishes.map(({ life }) => life)), bigintArray(wishes.map(({ wish }) => wish.claim)), textArray(wishes.map(({ wish }) => wish.tenant)),
    booleanArray(wishes.map(({ wish }) => wish.kind === 'name' && wish.shareName)), jsonbArray(wishes.map(({ wish }) => bodyOf(wish))),
  ];
}

/**
 * The wishes that can decide these keys, however many VMs wish there (L6): an address' highest claim; a name's lowest,
 * and with it those who share the name in that tenant.
 */
export async function readDecidingWishes(tx: Tx, keys: readonly string[]): Promise<Wish[]> {
  if (keys.length === 0) return [];
  const rows = await tx.query<WishRow>(
    `select ${COLUMNS} from unnest($1::text[]) as k(rkey)
       cross join lateral (
         (select * from wish where rkey = k.rkey and kind = 'address' order by claim desc limit 1)
         union all
         (select s.* from (select * from wish where rkey = k.rkey and kind = 'name' order by claim limit 1) h
            join lateral (select h.*
              union all
              select o.* from wish o where h.share and o.rkey = k.rkey and o.kind = 'name' and o.share and o.tenant is not distinct from h.tenant and o.vm_id <> h.vm_id) s on true)
       ) w`, [textArray(keys)]);
  return rows.map(toWish);
}
