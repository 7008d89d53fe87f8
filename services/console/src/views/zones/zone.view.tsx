import { Card, Select, Stack, Switch, Table, Tabs, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Zone, ZoneChanged, ZoneRecord } from '@vmdns/contracts';
import { useParams, useSearchParams } from 'react-router';
import { ask } from '../../api/client';
import { usePages } from '../../api/pages';
import { usePermissions } from '../../api/session';
import { DataTable, type Column } from '../../shared/data-table';
import { Empty } from '../../shared/empty';
import { Loading } from '../../shared/loading';
import { PageHead } from '../../shared/page-head';
import { ReasonText } from '../../shared/reason-text';
import { sayDone, sayFailed } from '../../shared/say';
import { StateBadge } from '../../shared/state-badge';
import { Trouble } from '../../shared/trouble';
import { When } from '../../shared/when';
import { stoppedText } from '../pauses/stop-fields';
import { Comparison } from './comparison';
import { StateCounts } from './state-counts';
import { ZoneActions } from './zone-actions';
import { ZoneProgressBar } from './zone-progress';
import { ZoneSettings } from './zone-settings';
import { ZoneTrial } from './zone-trial';

/** One zone: how its names stand, and what can be done with it. */
export function ZonePage() {
  const { id = '' } = useParams();
  const [params, setParams] = useSearchParams();
  const zone = useQuery({ queryKey: ['zone', id], queryFn: ({ signal }) => ask<Zone>(`/v1/zones/${encodeURIComponent(id)}`, { signal }), refetchInterval: 3_000 });
  if (zone.data === undefined) return <><PageHead title="Zone" />{zone.isPending ? <Loading /> : <Trouble error={zone.error} retry={() => { void zone.refetch(); }} />}</>;
  const tab = params.get('tab') ?? 'records';
  return (
    <>
      <PageHead title={zone.data.name} badge={<><StateBadge state={zone.data.state} />{zone.data.paused && <StateBadge state="paused" />}</>}><ZoneActions zone={zone.data} /></PageHead>
      <Stack>
        {zone.data.progress !== undefined && <ZoneProgressBar progress={zone.data.progress} />}
        <Facts zone={zone.data} />
        <Tabs value={tab} onChange={(value) => { setParams(value === null ? {} : { tab: value }, { replace: true }); }} keepMounted={false}>
          <Tabs.List><Tabs.Tab value="records">Records</Tabs.Tab><Tabs.Tab value="comparison">Comparison</Tabs.Tab><Tabs.Tab value="test">Test</Tabs.Tab><Tabs.Tab value="settings">Settings</Tabs.Tab></Tabs.List>
          <Tabs.Panel value="records" pt="md"><Records zone={zone.data} /></Tabs.Panel>
          <Tabs.Panel value="comparison" pt="md"><Comparison zone={zone.data} /></Tabs.Panel>
          <Tabs.Panel value="test" pt="md"><ZoneTrial zone={zone.data} /></Tabs.Panel>
          <Tabs.Panel value="settings" pt="md"><ZoneSettings key={zone.data.id} zone={zone.data} /></Tabs.Panel>
        </Tabs>
      </Stack>
    </>
  );
}

function Facts({ zone }: { readonly zone: Zone }) {
  const may = usePermissions();
  const queries = useQueryClient();
  const changing = useMutation({ mutationFn: (mode: 'write' | 'observe') => ask<ZoneChanged>(`/v1/zones/${encodeURIComponent(zone.id)}`, { method: 'PATCH', body: { mode } }), onSuccess: async (now) => { sayDone(now.mode === 'write' ? 'vmdns writes this zone now' : stoppedText('vmdns only observes this zone now', now)); await queries.invalidateQueries({ queryKey: ['zone', zone.id] }); }, onError: sayFailed });
  const facts: readonly (readonly [string, React.ReactNode])[] = [
    ['Provider', zone.provider], ['Names', <StateCounts key="counts" counts={zone.counts} />],
    ['Mode', may.operates && zone.state === 'active'
      ? <Switch key="mode" label={zone.mode === 'write' ? 'writes' : 'observes: plans and compares, writes nothing'} checked={zone.mode === 'write'} disabled={changing.isPending} onChange={(event) => { changing.mutate(event.currentTarget.checked ? 'write' : 'observe'); }} aria-label="Write this zone" />
      : zone.mode],
    ['TTL', `A and AAAA ${String(zone.ttl.forward)} s, PTR ${String(zone.ttl.reverse)} s`], ['Addresses', typeof zone.addresses === 'string' ? zone.addresses : zone.addresses.ranges.join(', ')], ['Added', <When key="at" at={zone.createdAt} relative />],
  ];
  return <Card withBorder><Table variant="vertical" layout="fixed" aria-label="The zone"><Table.Tbody>{facts.map(([head, value]) => <Table.Tr key={head}><Table.Th w={120}>{head}</Table.Th><Table.Td>{value}</Table.Td></Table.Tr>)}</Table.Tbody></Table></Card>;
}

const RECORD_COLUMNS: readonly Column<ZoneRecord>[] = [
  { head: 'Name', cell: (record) => <span className="mono">{record.name}</span> },
  { head: 'Records', cell: (record) => record.rrsets.map((rrset) => <Text key={rrset.type} size="sm" className="mono">{rrset.ttl} {rrset.type} {rrset.values.join(', ')}</Text>) },
  { head: 'State', width: '130px', cell: (record) => <StateBadge state={record.state} /> },
  { head: 'Why', cell: (record) => <ReasonText reason={record.reason} /> },
];

function Records({ zone }: { readonly zone: Zone }) {
  const [params, setParams] = useSearchParams();
  const state = params.get('state') ?? '';
  const names = usePages<ZoneRecord>(`/v1/zones/${encodeURIComponent(zone.id)}/records`, { state }, { refreshMs: 5_000 });
  return (
    <Stack>
      <Select aria-label="State of the names" placeholder="any state" data={['applied', 'pending', 'failed', 'refused', 'unconfirmed', 'on-hold', 'waiting', 'observed']} value={state === '' ? null : state} onChange={(value) => { setParams(value === null ? {} : { state: value }, { replace: true }); }} clearable w={200} clearButtonProps={{ 'aria-label': 'Any state' }} />
      {names.isPending && <Loading />}
      {names.isLoadingError && <Trouble error={names.error} retry={() => { void names.refetch(); }} />}
      {names.isSuccess && names.items.length === 0 && <Empty title="No names">{state === '' ? 'No VM has a name or an address in this zone yet.' : `No name is ${state}.`}</Empty>}
      {names.items.length > 0 && <DataTable label="Names of the zone" columns={RECORD_COLUMNS} rows={names.items} keyOf={(record) => record.name} hasMore={names.hasNextPage} more={() => { if (!names.isFetchingNextPage) void names.fetchNextPage(); }} height="calc(100vh - 420px)" />}
    </Stack>
  );
}
