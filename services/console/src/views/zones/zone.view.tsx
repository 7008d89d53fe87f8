import { Button, Card, Group, Modal, Select, Stack, Switch, Table, Tabs, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Connection, Pause, Zone, ZoneRecord } from '@vmdns/contracts';
import { useState } from 'react';
import { useNavigate, useParams, useSearchParams } from 'react-router';
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
import { Comparison } from './comparison';
import { StateCounts } from './state-counts';
import { TestSteps } from './test-steps';
import { useZoneTest } from './use-zone-test';

/** One zone: how its names stand, and what can be done with it. */
export function ZonePage() {
  const { id = '' } = useParams();
  const [params, setParams] = useSearchParams();
  const zone = useQuery({ queryKey: ['zone', id], queryFn: ({ signal }) => ask<Zone>(`/v1/zones/${encodeURIComponent(id)}`, { signal }), refetchInterval: 3_000 });
  if (zone.isPending) return <Loading />;
  if (zone.data === undefined) return <Trouble error={zone.error} retry={() => { void zone.refetch(); }} />;
  const tab = params.get('tab') ?? 'records';
  return (
    <>
      <PageHead title={zone.data.name} badge={<><StateBadge state={zone.data.state} />{zone.data.paused && <StateBadge state="paused" />}</>}><Actions zone={zone.data} /></PageHead>
      <Stack>
        <Facts zone={zone.data} />
        <Tabs value={tab} onChange={(value) => { setParams(value === null ? {} : { tab: value }, { replace: true }); }} keepMounted={false}>
          <Tabs.List><Tabs.Tab value="records">Records</Tabs.Tab><Tabs.Tab value="comparison">Comparison</Tabs.Tab><Tabs.Tab value="test">Test</Tabs.Tab></Tabs.List>
          <Tabs.Panel value="records" pt="md"><Records zone={zone.data} /></Tabs.Panel>
          <Tabs.Panel value="comparison" pt="md"><Comparison zone={zone.data} /></Tabs.Panel>
          <Tabs.Panel value="test" pt="md"><Test zone={zone.data} /></Tabs.Panel>
        </Tabs>
      </Stack>
    </>
  );
}

function Facts({ zone }: { readonly zone: Zone }) {
  const may = usePermissions();
  const queries = useQueryClient();
  const changing = useMutation({ mutationFn: (mode: 'write' | 'observe') => ask<Zone>(`/v1/zones/${encodeURIComponent(zone.id)}`, { method: 'PATCH', body: { mode } }), onSuccess: async (now) => { sayDone(now.mode === 'write' ? 'vmdns writes this zone now' : 'vmdns only observes this zone now'); await queries.invalidateQueries({ queryKey: ['zone', zone.id] }); }, onError: sayFailed });
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
      {names.isError && <Trouble error={names.error} retry={() => { void names.refetch(); }} />}
      {names.isSuccess && names.items.length === 0 && <Empty title="No names">{state === '' ? 'No VM has a name or an address in this zone yet.' : `No name is ${state}.`}</Empty>}
      {names.items.length > 0 && <DataTable label="Names of the zone" columns={RECORD_COLUMNS} rows={names.items} keyOf={(record) => record.name} hasMore={names.hasNextPage} more={() => { if (!names.isFetchingNextPage) void names.fetchNextPage(); }} height="calc(100vh - 420px)" />}
    </Stack>
  );
}

function Test({ zone }: { readonly zone: Zone }) {
  const may = usePermissions();
  const test = useZoneTest();
  const [probe, setProbe] = useState(false);
  if (!may.operates) return <Empty title="Operators test zones">Your role may look at the zone only.</Empty>;
  return (
    <Stack align="flex-start">
      <Text size="sm" c="dimmed">Whether the server is reached and the key may write, what fits into the zone, and who is asked for it.</Text>
      <Switch label="Also write a record of its own, ask for it over DNS, and remove it" checked={probe} onChange={(event) => { setProbe(event.currentTarget.checked); }} />
      <Button onClick={() => { test.run({ id: zone.id, probe }); }} loading={test.isRunning}>Test zone</Button>
      <TestSteps steps={test.steps} isRunning={test.isRunning} />
      {test.error !== null && <Trouble error={test.error} />}
    </Stack>
  );
}

function Actions({ zone }: { readonly zone: Zone }) {
  const may = usePermissions();
  const queries = useQueryClient();
  const go = useNavigate();
  const [asked, setAsked] = useState<'move' | 'remove' | null>(null);
  const [target, setTarget] = useState<string | null>(null);
  const [purge, setPurge] = useState(false);
  const connections = usePages<Connection>('/v1/connections', { limit: 500 }, { enabled: may.operates });
  const after = async (text: string) => { sayDone(text); setAsked(null); await queries.invalidateQueries(); };
  const pausing = useMutation({ mutationFn: () => ask<Pause>('/v1/pause', { method: 'POST', body: { scope: { kind: 'zone', id: zone.id }, why: 'from the page of the zone' } }), onSuccess: () => after(`Writing ${zone.name} is stopped`), onError: sayFailed });
  const moving = useMutation({ mutationFn: () => ask<Zone>(`/v1/zones/${encodeURIComponent(zone.id)}/move`, { method: 'POST', body: { connectionId: target, purge } }), onSuccess: async (made) => { await after(`${zone.name} is added there first, then given up here`); await go(`/zones/${made.id}`); } });
  const removing = useMutation({ mutationFn: () => ask<Zone>(`/v1/zones/${encodeURIComponent(zone.id)}?purge=${String(purge)}`, { method: 'DELETE' }), onSuccess: () => after(`${zone.name} is on its way out`) });
  if (!may.operates || zone.state !== 'active') return null;
  const failed = asked === 'move' ? moving.error : removing.error;
  return (
    <>
      {zone.paused ? <Button size="xs" variant="default" onClick={() => { void go('/pauses'); }}>Resume …</Button> : <Button size="xs" color="red" variant="light" loading={pausing.isPending} onClick={() => { pausing.mutate(); }}>Pause</Button>}
      <Button size="xs" variant="default" onClick={() => { setAsked('move'); }}>Move</Button>
      <Button size="xs" variant="default" onClick={() => { setAsked('remove'); }}>Remove</Button>
      <Modal opened={asked !== null} onClose={() => { setAsked(null); }} title={asked === 'move' ? `Move ${zone.name}` : `Remove ${zone.name} from vmdns`} closeButtonProps={{ 'aria-label': 'Close' }}>
        <Stack>
          {asked === 'move' && <Select label="To the connection" data={connections.items.filter((one) => one.id !== zone.connectionId).map((one) => ({ value: one.id, label: `${one.name} (${one.provider})` }))} value={target} onChange={setTarget} />}
          <Text size="sm">{asked === 'move' ? 'The records are made there first; only then is this entry given up.' : 'Its names go back to the next zone that encloses them, or wait.'}</Text>
          <Switch label="Remove our records at the old server too" checked={purge} onChange={(event) => { setPurge(event.currentTarget.checked); }} />
          {failed !== null && <Trouble error={failed} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => { setAsked(null); }}>Cancel</Button>
            {asked === 'move' ? <Button disabled={target === null} loading={moving.isPending} onClick={() => { moving.mutate(); }}>Move</Button> : <Button color="red" loading={removing.isPending} onClick={() => { removing.mutate(); }}>Remove</Button>}
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
