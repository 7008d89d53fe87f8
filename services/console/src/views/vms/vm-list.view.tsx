import { Group, Select, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import type { VmSummary } from '@vmdns/contracts';
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

const STATES = ['attention', 'pending', 'planning', 'live', 'deleting', 'gone'];

const COLUMNS: readonly Column<VmSummary>[] = [
  { head: 'VM', cell: (vm) => <TextLink to={`/vms/${encodeURIComponent(vm.vmId)}`} mono>{vm.vmId}</TextLink> },
  { head: 'Name', cell: (vm) => <span className="mono">{vm.name ?? '–'}</span> },
  { head: 'Addresses', cell: (vm) => <Text size="sm" className="mono">{vm.addresses.slice(0, 3).join(', ')}{vm.addresses.length > 3 ? ` and ${String(vm.addresses.length - 3)} more` : ''}</Text> },
  { head: 'Tenant', cell: (vm) => vm.tenant ?? '–' },
  { head: 'State', cell: (vm) => <StateBadge state={vm.state} /> },
  { head: 'Changed', cell: (vm) => <When at={vm.changedAt} relative /> },
];

/** Every VM, found as one types. */
export function VmList() {
  const [params, setParams] = useSearchParams();
  const q = params.get('q') ?? '';
  const state = params.get('state') ?? '';
  const vms = usePages<VmSummary>('/v1/search/vms', { q, state }, { refreshMs: 5_000 });
  const set = (field: string, value: string) => { setParams((now) => { const next = new URLSearchParams(now); if (value === '') next.delete(field); else next.set(field, value); return next; }, { replace: true }); };
  const type = useDebouncedCallback((text: string) => { set('q', text.trim()); }, 200);
  return (
    <>
      <PageHead title="VMs" />
      <Group mb="md" align="end">
        <TextInput label="Search" placeholder="id, name, address or tenant" defaultValue={q} onChange={(event) => { type(event.currentTarget.value); }} style={{ flex: '1 1 280px', maxWidth: 480 }} />
        <Select label="State" data={STATES} value={state === '' ? null : state} onChange={(value) => { set('state', value ?? ''); }} placeholder="any" clearable w={160} clearButtonProps={{ 'aria-label': 'Any state' }} />
      </Group>
      {vms.isPending && <Loading lines={8} />}
      {vms.isLoadingError && <Trouble error={vms.error} retry={() => { void vms.refetch(); }} />}
      {vms.isSuccess && vms.items.length === 0 && (q === '' && state === ''
        ? <Empty title="No VM is known yet">A publisher tells of the first one with <code>PUT /v1/vms/&#123;vmId&#125;</code>, a CloudEvent, or <code>vmdns vm put</code>.</Empty>
        : <Empty title="No VM matches">Ids and names are matched by their beginning, addresses as a whole or by their beginning.</Empty>)}
      {vms.items.length > 0 && <DataTable label="VMs" columns={COLUMNS} rows={vms.items} keyOf={(vm) => vm.vmId} linkOf={(vm) => `/vms/${encodeURIComponent(vm.vmId)}`} hasMore={vms.hasNextPage} more={() => { if (!vms.isFetchingNextPage) void vms.fetchNextPage(); }} />}
    </>
  );
}
