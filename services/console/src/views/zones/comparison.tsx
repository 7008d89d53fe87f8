import { Alert, Badge, Button, Card, Group, SegmentedControl, SimpleGrid, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { DriftEntry, RrsetSide, Zone, ZoneDrift } from '@vmdns/contracts';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { ask } from '../../api/client';
import { usePages } from '../../api/pages';
import { usePermissions } from '../../api/session';
import { DataTable, type Column } from '../../shared/data-table';
import { Empty } from '../../shared/empty';
import { Loading } from '../../shared/loading';
import { ReasonText } from '../../shared/reason-text';
import { sayDone, sayFailed } from '../../shared/say';
import { Trouble } from '../../shared/trouble';
import { When } from '../../shared/when';
import { Adopt } from './adopt';

const LOOK_MS = 2_000;
const KINDS = ['differs', 'missing', 'orphan', 'foreign'] as const;

const COLUMNS: readonly Column<DriftEntry>[] = [
  { head: 'Name', cell: (entry) => <span className="mono">{entry.name} {entry.type}</span> },
  { head: 'What', width: '110px', cell: (entry) => <Badge variant="light" tt="none" miw="max-content" color={COLORS[entry.kind]}>{entry.kind}</Badge> },
  { head: 'Wanted', cell: (entry) => <Side side={entry.wanted} sign="diff-add" /> },
  { head: 'At the provider', cell: (entry) => entry.kind === 'foreign' && entry.held === undefined ? <Text size="sm" c="dimmed">something, left alone</Text> : <Side side={entry.held} sign={entry.kind === 'foreign' ? '' : 'diff-remove'} /> },
  { head: 'Whose', width: '120px', cell: (entry) => entry.ours ? 'vmdns wrote it' : 'another' },
];
const COLORS: Readonly<Record<DriftEntry['kind'], string>> = { differs: 'orange', missing: 'red', orphan: 'yellow', foreign: 'gray' };

/** The zone as it is wanted beside the zone as it is, and what can be done about it. */
export function Comparison({ zone }: { readonly zone: Zone }) {
  const may = usePermissions();
  const queries = useQueryClient();
  const [isAdopting, setAdopting] = useState(false);
  const path = `/v1/zones/${encodeURIComponent(zone.id)}`;
  const drift = useQuery({ queryKey: ['zone', zone.id, 'drift'], queryFn: ({ signal }) => ask<ZoneDrift>(`${path}/drift`, { query: { limit: 1 }, signal }), refetchInterval: LOOK_MS });
  const comparing = useMutation({ mutationFn: (trustListing: boolean) => ask<ZoneDrift>(`${path}/reconcile`, { method: 'POST', body: { trustListing } }), onSuccess: async () => { sayDone('It is compared as soon as may be'); await queries.invalidateQueries({ queryKey: ['zone', zone.id, 'drift'] }); }, onError: sayFailed });
  if (drift.isPending) return <Loading />;
  if (drift.data === undefined) return <Trouble error={drift.error} retry={() => { void drift.refetch(); }} />;
  const { counts, state, fault, beganAt, tookMs } = drift.data;
  return (
    <Stack>
      <Group gap="xs">
        {may.operates && zone.state === 'active' && (
          <>
            <Button size="xs" loading={comparing.isPending || state === 'comparing'} onClick={() => { comparing.mutate(false); }}>Compare now</Button>
            <Button size="xs" variant="default" onClick={() => { setAdopting(true); }} disabled={counts === undefined}>Take over …</Button>
          </>
        )}
        <Text size="sm" c="dimmed">{beganAt === undefined ? 'Never compared yet.' : <>Last compared <When at={beganAt} relative />{tookMs === undefined ? '' : ` in ${String(Math.round(tookMs))} ms`}.</>} {drift.data.nextAt !== undefined && <>Next: <When at={drift.data.nextAt} relative />.</>}</Text>
      </Group>
      {fault !== undefined && <Alert color="orange" role="status" title="The last comparison gave nothing to act on"><ReasonText reason={fault} />{may.operates && <Button mt="xs" size="xs" variant="default" onClick={() => { comparing.mutate(true); }}>The listing is right: put it back</Button>}</Alert>}
      {counts !== undefined && (
        <SimpleGrid cols={{ base: 2, sm: 3, md: 6 }}>
          {([['equal', counts.equal], ['can be taken over', counts.adoptable], ['differ', counts.differs], ['missing', counts.missing], ['orphans', counts.orphans], ['foreign', counts.foreign]] as const).map(([head, value]) => <Card key={head} withBorder padding="xs"><Text size="sm" c="dimmed">{head}</Text><Text fw={700}>{value.toLocaleString()}</Text></Card>)}
        </SimpleGrid>
      )}
      <Differences zone={zone} />
      {isAdopting && <Adopt zone={zone} close={() => { setAdopting(false); }} />}
    </Stack>
  );
}

function Differences({ zone }: { readonly zone: Zone }) {
  const [params, setParams] = useSearchParams();
  const kind = params.get('kind') ?? '';
  const entries = usePages<DriftEntry>(`/v1/zones/${encodeURIComponent(zone.id)}/drift`, { kind }, { refreshMs: 5_000 });
  return (
    <Stack gap="xs">
      <SegmentedControl size="xs" aria-label="Kind of difference" value={kind} data={[{ value: '', label: 'all' }, ...KINDS]} onChange={(value) => { setParams({ tab: 'comparison', ...(value === '' ? {} : { kind: value }) }, { replace: true }); }} style={{ alignSelf: 'flex-start' }} />
      {entries.isSuccess && entries.items.length === 0 && <Empty title="Nothing differs">What is wanted and what is there are the same, as far as the last comparison saw.</Empty>}
      {entries.items.length > 0 && <DataTable label="Differences" columns={COLUMNS} rows={entries.items} keyOf={(entry) => `${entry.kind} ${entry.name} ${entry.type}`} hasMore={entries.hasNextPage} more={() => { if (!entries.isFetchingNextPage) void entries.fetchNextPage(); }} height="calc(100vh - 560px)" />}
    </Stack>
  );
}

function Side({ side, sign }: { readonly side: RrsetSide | undefined; readonly sign: string }) {
  if (side === undefined) return <Text size="sm" c="dimmed">nothing</Text>;
  const remarks = [...(side.remarks?.proxied === true ? ['proxied'] : []), ...(side.remarks?.comments ?? [])];
  return <><Text size="sm" className={`mono ${sign}`}>{side.ttl} {side.values.join(', ')}</Text>{remarks.length > 0 && <Text size="xs" c="dimmed">{remarks.join('; ')}</Text>}</>;
}
