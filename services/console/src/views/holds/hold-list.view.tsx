import { SegmentedControl } from '@mantine/core';
import type { Hold } from '@vmdns/contracts';
import { useSearchParams } from 'react-router';
import { usePages } from '../../api/pages';
import { DataTable, type Column } from '../../shared/data-table';
import { Empty } from '../../shared/empty';
import { Loading } from '../../shared/loading';
import { PageHead } from '../../shared/page-head';
import { StateBadge } from '../../shared/state-badge';
import { TextLink } from '../../shared/text-link';
import { Trouble } from '../../shared/trouble';
import { When } from '../../shared/when';

const COLUMNS: readonly Column<Hold>[] = [
  { head: 'What waits', cell: (hold) => <TextLink to={`/holds/${hold.holdId}`}>{hold.text}</TextLink> },
  { head: 'Of', cell: (hold) => <span className="mono">{hold.scope}</span> },
  { head: 'How many', width: '110px', cell: (hold) => hold.members },
  { head: 'State', width: '110px', cell: (hold) => <StateBadge state={hold.state} /> },
  { head: 'Since', width: '160px', cell: (hold) => <When at={hold.openedAt} relative /> },
];

/** Big changes that wait for a person. */
export function HoldList() {
  const [params, setParams] = useSearchParams({ state: 'open' });
  const state = params.get('state') ?? 'open';
  const holds = usePages<Hold>('/v1/holds', { state }, { refreshMs: 5_000 });
  return (
    <>
      <PageHead title="Holds"><SegmentedControl size="xs" value={state} onChange={(value) => { setParams({ state: value }, { replace: true }); }} data={['open', 'approved', 'rejected']} aria-label="State of the holds" /></PageHead>
      {holds.isPending && <Loading />}
      {holds.isLoadingError && <Trouble error={holds.error} retry={() => { void holds.refetch(); }} />}
      {holds.isSuccess && holds.items.length === 0 && <Empty title={`No ${state} hold`}>{state === 'open' ? 'Nothing waits for a person. Deletions above the limits of Settings would.' : 'None was decided so yet.'}</Empty>}
      {holds.items.length > 0 && <DataTable label="Holds" columns={COLUMNS} rows={holds.items} keyOf={(hold) => hold.holdId} linkOf={(hold) => `/holds/${hold.holdId}`} hasMore={holds.hasNextPage} more={() => { if (!holds.isFetchingNextPage) void holds.fetchNextPage(); }} />}
    </>
  );
}
