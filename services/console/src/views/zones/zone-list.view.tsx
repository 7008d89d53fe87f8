import { Alert, Badge, Button, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { MissingZone, Overview, Zone } from '@vmdns/contracts';
import { useSearchParams } from 'react-router';
import { ask } from '../../api/client';
import { usePages } from '../../api/pages';
import { usePermissions } from '../../api/session';
import { DataTable, type Column } from '../../shared/data-table';
import { Empty } from '../../shared/empty';
import { Loading } from '../../shared/loading';
import { PageHead } from '../../shared/page-head';
import { StateBadge } from '../../shared/state-badge';
import { TextLink } from '../../shared/text-link';
import { Trouble } from '../../shared/trouble';
import { AddZone } from './add-zone';
import { LastComparison } from './last-comparison';
import { StateCounts } from './state-counts';

const COLUMNS: readonly Column<Zone>[] = [
  { head: 'Zone', cell: (zone) => <TextLink to={`/zones/${zone.id}`} mono>{zone.name}</TextLink> },
  { head: 'Provider', width: '120px', cell: (zone) => zone.provider },
  { head: 'Mode', width: '180px', cell: (zone) => <Group gap={6}><Badge variant="light" miw="max-content" color={zone.mode === 'write' ? 'blue' : 'cyan'} tt="none">{zone.mode}</Badge>{zone.paused && <StateBadge state="paused" />}{zone.state !== 'active' && <StateBadge state={zone.state} />}</Group> },
];

const columns = (counts: Overview['zones']): readonly Column<Zone>[] => [
  ...COLUMNS,
  { head: 'Names', width: '90px', cell: (zone) => counts === undefined ? '–' : Object.values(counts[zone.id] ?? {}).reduce((sum, count) => sum + count, 0).toLocaleString() },
  { head: 'States', cell: (zone) => <StateCounts counts={counts?.[zone.id] ?? zone.counts} /> },
  { head: 'Last comparison', width: '220px', cell: (zone) => <LastComparison zone={zone} /> },
];

/** The configured zones; the dialog that adds one has an address too: `?add=<apex>`. */
export function ZoneList() {
  const may = usePermissions();
  const [params, setParams] = useSearchParams();
  const zones = usePages<Zone>('/v1/zones', {}, { refreshMs: 5_000 });
  const overview = useQuery({ queryKey: ['overview'], enabled: may.watches, queryFn: ({ signal }) => ask<Overview>('/v1/overview', { signal }), refetchInterval: 5_000 });
  const adding = params.get('add');
  const open = (name: string) => { setParams({ add: name }); };
  const add = may.operates && <Button onClick={() => { open(''); }}>Add zone</Button>;
  return (
    <>
      <PageHead title="Zones">{add}</PageHead>
      <Stack>
        {may.operates && <Hints missing={overview.data?.missingZones ?? []} open={open} />}
        {zones.isPending && <Loading />}
        {zones.isLoadingError && <Trouble error={zones.error} retry={() => { void zones.refetch(); }} />}
        {zones.isSuccess && zones.items.length === 0 && <Empty title="No zone yet" action={add}>A zone says which names vmdns keeps, and at which provider. Until there is one, names wait.</Empty>}
        {zones.items.length > 0 && <DataTable label="Zones" columns={columns(overview.data?.zones)} rows={zones.items} keyOf={(zone) => zone.id} linkOf={(zone) => `/zones/${zone.id}`} hasMore={zones.hasNextPage} more={() => { if (!zones.isFetchingNextPage) void zones.fetchNextPage(); }} />}
      </Stack>
      {adding !== null && may.operates && <AddZone name={adding} close={() => { setParams({}, { replace: true }); }} />}
    </>
  );
}

/** Zones that known names and addresses lack. */
function Hints({ missing, open }: { readonly missing: readonly MissingZone[]; readonly open: (name: string) => void }) {
  if (missing.length === 0) return null;
  return (
    <Alert color="blue" title="Known names and addresses that no zone takes">
      <Stack gap="xs">{missing.slice(0, 5).map((hint) => (
        <Group key={hint.zone} gap="sm"><Text size="sm"><span className="mono">{hint.zone}</span> would take {hint.names} {hint.names === 1 ? 'name' : 'names'} that wait.</Text><Button size="compact-xs" variant="default" onClick={() => { open(hint.zone); }}>Add {hint.zone}</Button></Group>
      ))}</Stack>
    </Alert>
  );
}
