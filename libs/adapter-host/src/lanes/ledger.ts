import type { ZoneLedger } from '@vmdns/provider-kit';
import type { Store } from '@vmdns/store';
import { wantedOf } from '../results/outcome.js';

interface LedgerRow { readonly owner_name: string; readonly owned: Readonly<Record<string, string>>; readonly wanted: string | null }

/** What is ours at a target, for a provider that writes a zone as a whole: what was put, and where a call is in doubt what may have been. */
export async function readLedger(store: Pick<Store, 'query'>, target: string): Promise<ZoneLedger> {
  const rows = await store.query<LedgerRow>(
    `select owner_name, owned, case when doubt is not null then wanted end as wanted from name where target = $1 and (owned <> '{}' or doubt is not null)`, [target],
  );
  return new Map(rows.map((row) => [row.owner_name, new Set([...Object.keys(row.owned), ...(row.wanted === null ? [] : wantedOf(row.wanted).map((rrset) => rrset.type))])]));
}
