import { SegmentedControl } from '@mantine/core';
import type { DeadLetter } from '@vmdns/contracts';
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

const pathOf = (letter: DeadLetter) => `/deadletters/${encodeURIComponent(letter.id)}`;
const COLUMNS: readonly Column<DeadLetter>[] = [
  { head: 'Why it was not taken', cell: (letter) => <TextLink to={pathOf(letter)}>{letter.reason}</TextLink> },
  { head: 'By', width: '140px', cell: (letter) => letter.service },
  { head: 'Subject', cell: (letter) => <span className="mono">{letter.subject}</span> },
  { head: 'State', width: '110px', cell: (letter) => <StateBadge state={letter.state} /> },
  { head: 'When', width: '160px', cell: (letter) => <When at={letter.at} relative /> },
];

/** Messages of the bus that could not be taken. */
export function DeadLetterList() {
  const [params, setParams] = useSearchParams({ state: 'open' });
  const state = params.get('state') ?? 'open';
  const letters = usePages<DeadLetter>('/v1/deadletters', { state }, { refreshMs: 5_000 });
  return (
    <>
      <PageHead title="Dead letters"><SegmentedControl size="xs" value={state} onChange={(value) => { setParams({ state: value }, { replace: true }); }} data={['open', 'replayed']} aria-label="State of the dead letters" /></PageHead>
      {letters.isPending && <Loading />}
      {letters.isLoadingError && <Trouble error={letters.error} retry={() => { void letters.refetch(); }} />}
      {letters.isSuccess && letters.items.length === 0 && <Empty title={`No ${state} dead letter`}>{state === 'open' ? 'Every message of the bus was understood. One that is not would be put aside here, and stop nobody.' : 'None was told once more yet.'}</Empty>}
      {letters.items.length > 0 && <DataTable label="Dead letters" columns={COLUMNS} rows={letters.items} keyOf={(letter) => letter.id} linkOf={pathOf} hasMore={letters.hasNextPage} more={() => { if (!letters.isFetchingNextPage) void letters.fetchNextPage(); }} />}
    </>
  );
}
