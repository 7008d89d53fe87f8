import { Badge, Group, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Tenant } from '@vmdns/contracts';
import { ask } from '../../api/client';
import { Empty } from '../../shared/empty';
import { Loading } from '../../shared/loading';
import { PageHead } from '../../shared/page-head';
import { TextLink } from '../../shared/text-link';
import { Trouble } from '../../shared/trouble';
import { When } from '../../shared/when';

/** What tenants may use; changed from the command line. */
export function Tenants() {
  const tenants = useQuery({ queryKey: ['tenants'], queryFn: ({ signal }) => ask<{ readonly items: readonly Tenant[] }>('/v1/tenants', { signal }), refetchInterval: 10_000 });
  const items = tenants.data?.items ?? [];
  return (
    <>
      <PageHead title="Tenants" />
      {tenants.isPending && <Loading />}
      {tenants.isLoadingError && <Trouble error={tenants.error} retry={() => { void tenants.refetch(); }} />}
      {tenants.isSuccess && items.length === 0 && <Empty title="No tenant has limits">Each may use any name and any address of its zones. To limit one: <span className="mono">vmdns tenant limit acme --domain acme.example --range 192.0.2.0/24</span></Empty>}
      {items.length > 0 && (
        <>
          <Text size="sm" c="dimmed" mb="xs">What lies outside is refused as <span className="mono">not-permitted</span>, the rest of the VM goes on. Tenants that are not named here are not limited.</Text>
          <Table.ScrollContainer minWidth={720}>
            <Table aria-label="Tenants">
              <Table.Thead><Table.Tr><Table.Th>Tenant</Table.Th><Table.Th>Names lie in</Table.Th><Table.Th>Addresses lie in</Table.Th><Table.Th>Changed</Table.Th><Table.Th>By</Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>{items.map((one) => (
                <Table.Tr key={one.tenant}>
                  <Table.Td><TextLink to={`/vms?q=${encodeURIComponent(one.tenant)}`} mono>{one.tenant}</TextLink></Table.Td><Table.Td><Limits of={one.limits.domains} /></Table.Td><Table.Td><Limits of={one.limits.ranges} /></Table.Td><Table.Td><When at={one.changedAt ?? null} relative /></Table.Td><Table.Td>{one.changedBy ?? '–'}</Table.Td>
                </Table.Tr>
              ))}</Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </>
      )}
    </>
  );
}

/** Null is no limit, and an empty list lets nothing through: they must not look alike. */
function Limits({ of: limits }: { readonly of: readonly string[] | null }) {
  if (limits === null) return <Text size="sm" c="dimmed">any</Text>;
  if (limits.length === 0) return <Badge color="red" variant="light" tt="none">none</Badge>;
  return <Group gap={4}>{limits.map((one) => <Badge key={one} variant="outline" tt="none" className="mono">{one}</Badge>)}</Group>;
}
