import { TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import type { AuditEntry } from '@vmdns/contracts';
import { useSearchParams } from 'react-router';
import { usePages } from '../../api/pages';
import { DataTable, type Column } from '../../shared/data-table';
import { Empty } from '../../shared/empty';
import { Loading } from '../../shared/loading';
import { PageHead } from '../../shared/page-head';
import { Trouble } from '../../shared/trouble';
import { When } from '../../shared/when';

const COLUMNS: readonly Column<AuditEntry>[] = [
  { head: 'Time', width: '170px', cell: (entry) => <When at={entry.at} /> },
  { head: 'Who', cell: (entry) => `${entry.by} (${entry.role}${entry.tenant === null ? '' : ` of ${entry.tenant}`})` },
  { head: 'What', cell: (entry) => <span className="mono">{entry.call}</span> },
  { head: 'About', cell: (entry) => <span className="mono">{entry.about ?? entry.path}</span> },
  { head: 'Answer', width: '90px', cell: (entry) => entry.status },
  { head: 'By', width: '100px', cell: (entry) => entry.via },
];

/** Who changed what through the door; facts of VMs are in the log. */
export function Audit() {
  const [params, setParams] = useSearchParams();
  const by = params.get('by') ?? '';
  const entries = usePages<AuditEntry>('/v1/audit', { by }, { refreshMs: 10_000 });
  const type = useDebouncedCallback((text: string) => { setParams(text === '' ? {} : { by: text }, { replace: true }); }, 250);
  return (
    <>
      <PageHead title="Who did what" />
      <TextInput label="Who" description="A token's name." defaultValue={by} onChange={(event) => { type(event.currentTarget.value.trim()); }} w={280} mb="md" />
      {entries.isPending && <Loading />}
      {entries.isLoadingError && <Trouble error={entries.error} retry={() => { void entries.refetch(); }} />}
      {entries.isSuccess && entries.items.length === 0 && <Empty title="Nothing was changed">Connections, zones, pauses, holds, settings and tokens are written down here; what became of VMs is in the log.</Empty>}
      {entries.items.length > 0 && <DataTable label="Changes" columns={COLUMNS} rows={entries.items} keyOf={(entry) => String(entry.id)} hasMore={entries.hasNextPage} more={() => { if (!entries.isFetchingNextPage) void entries.fetchNextPage(); }} />}
    </>
  );
}
