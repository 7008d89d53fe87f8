import { Alert, Button, Card, Group, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { VmDns, VmView } from '@vmdns/contracts';
import { Link, useParams } from 'react-router';
import { ApiError, ask } from '../../api/client';
import { usePermissions } from '../../api/session';
import { Loading } from '../../shared/loading';
import { PageHead } from '../../shared/page-head';
import { ReasonText } from '../../shared/reason-text';
import { StateBadge } from '../../shared/state-badge';
import { TextLink } from '../../shared/text-link';
import { Trouble } from '../../shared/trouble';
import { When } from '../../shared/when';
import { PtrEditor } from './ptr-editor';
import { RecordTable } from './record-table';
import { Timeline } from './timeline';

const LOOK_MS = 2_000;

/** One VM: what is known of it, each of its records, and how it came to be. */
export function VmPage() {
  const { vmId = '' } = useParams();
  const { session } = usePermissions();
  const path = `/v1/vms/${encodeURIComponent(vmId)}`;
  const vm = useQuery({ queryKey: ['vm', vmId], queryFn: ({ signal }) => ask<VmView>(path, { signal }), refetchInterval: LOOK_MS });
  const dns = useQuery({ queryKey: ['vm', vmId, 'dns'], queryFn: ({ signal }) => ask<VmDns>(`${path}/dns`, { signal }), refetchInterval: LOOK_MS });
  const isUnknown = vm.error instanceof ApiError && vm.error.status === 404 && dns.isError;
  return (
    <>
      <PageHead title={vmId} badge={dns.data !== undefined && <StateBadge state={dns.data.state} />}>
        {session.tenant === null && <Button component={Link} to={`/log?vmId=${encodeURIComponent(vmId)}`} variant="default" size="xs">Log of this VM</Button>}
      </PageHead>
      {isUnknown && <Alert color="gray" title="This VM is not known">No publisher has told of it, or it was deleted long ago. Ids are compared letter by letter.</Alert>}
      {!isUnknown && (
        <Stack>
          {dns.data !== undefined && (dns.data.state === 'deleting' || dns.data.state === 'gone') && <Leaving dns={dns.data} />}
          {dns.data?.reason !== undefined && <Alert color="orange" title="Why" role="status"><ReasonText reason={dns.data.reason} /></Alert>}
          {vm.data?.holdId !== undefined && <Alert color="violet" title="On hold">Its deletion waits for a person: <TextLink to={`/holds/${vm.data.holdId}`}>look at the hold</TextLink>.</Alert>}
          {vm.isPending ? <Loading lines={3} /> : vm.data === undefined ? <Trouble error={vm.error} /> : <Facts vm={vm.data} />}
          <Title order={2} size="h4">{dns.data?.state === 'deleting' ? 'Records that are still there' : 'Records'}</Title>
          {dns.isPending ? <Loading /> : dns.data === undefined ? <Trouble error={dns.error} retry={() => { void dns.refetch(); }} /> : dns.data.state === 'gone' && dns.data.records.length === 0 ? <Text c="dimmed">None is left.</Text> : <RecordTable records={dns.data.records} />}
          {session.tenant === null && vm.data !== undefined && dns.data !== undefined && <Timeline vm={vm.data} dns={dns.data} />}
        </Stack>
      )}
    </>
  );
}

/** A deleted VM until it is gone. */
function Leaving({ dns: { state, records } }: { readonly dns: VmDns }) {
  if (state === 'gone') return <Alert color="gray" title="Gone" role="status">The VM is deleted, and no record of it is left.</Alert>;
  return <Alert color="blue" title="On its way out" role="status">The VM is deleted. {records.length === 1 ? 'One record of it is' : `${String(records.length)} records of it are`} still there; each says below why. They go as soon as their providers take it.</Alert>;
}

function Facts({ vm }: { readonly vm: VmView }) {
  const may = usePermissions();
  const name = vm.fqdn ?? (vm.hostname === null ? null : [vm.hostname, vm.domain ?? '(main domain)'].join('.'));
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Card withBorder>
        <Table variant="vertical" layout="fixed" aria-label="What is known">
          <Table.Tbody>
            {!vm.deleted && <Fact head="Name">{name === null ? 'none: reverse names only' : <span className="mono">{name}</span>}</Fact>}
            <Fact head="Tenant">{vm.tenant ?? '–'}</Fact>
            <Fact head="Said by">{vm.source}</Fact>
            <Fact head="Revision">{vm.revision}{vm.version === null ? '' : `, the publisher's version ${String(vm.version)}`}</Fact>
            <Fact head="Changed"><When at={vm.changedAt} relative /></Fact>
            {vm.deleted && <Fact head="Deleted">yes, in life {vm.life}</Fact>}
          </Table.Tbody>
        </Table>
      </Card>
      <Card withBorder>
        <Title order={2} size="h5" mb="xs">Addresses and reverse names</Title>
        {vm.addresses.length === 0 && <Text c="dimmed">{vm.deleted ? 'It has none any more.' : 'It has no address.'}</Text>}
        <Stack gap="xs">{vm.addresses.map((address) => (
          <Group key={address.ip} justify="space-between" wrap="wrap">
            <Text className="mono">{address.ip}</Text>
            {may.publishes && !vm.deleted ? <PtrEditor vmId={vm.vmId} ip={address.ip} customerPtr={address.customerPtr} publisherPtr={address.ptr} /> : <Text size="sm" className="mono">{address.customerPtr ?? address.ptr ?? 'default'}</Text>}
          </Group>
        ))}</Stack>
      </Card>
    </SimpleGrid>
  );
}

function Fact({ head, children }: { readonly head: string; readonly children: React.ReactNode }) {
  return <Table.Tr><Table.Th w={120}>{head}</Table.Th><Table.Td>{children}</Table.Td></Table.Tr>;
}
