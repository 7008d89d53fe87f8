import { Card, Table, Text, Title } from '@mantine/core';
import type { ConnectionHealth, Overview } from '@vmdns/contracts';
import { ReasonText } from '../../shared/reason-text';
import { StateBadge } from '../../shared/state-badge';
import { When } from '../../shared/when';

/** Each connection in a sentence. */
export function Health({ standing }: { readonly standing: Overview }) {
  const connections = standing.connections ?? [];
  return (
    <Card withBorder component="section" aria-label="Providers and connections">
      <Title order={2} size="h5" mb="xs">Providers and connections</Title>
      {connections.length === 0 && <Text c="dimmed">No connection is configured yet.</Text>}
      {connections.length > 0 && (
        <Table aria-label="Connections">
          <Table.Thead><Table.Tr><Table.Th>Connection</Table.Th><Table.Th>Provider</Table.Th><Table.Th>Zones</Table.Th><Table.Th>Names</Table.Th><Table.Th>How it is</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>{connections.map((one) => (
            <Table.Tr key={one.id}>
              <Table.Td>{one.name}</Table.Td><Table.Td>{one.provider}</Table.Td><Table.Td>{one.zones}</Table.Td><Table.Td>{one.applied.toLocaleString()}</Table.Td>
              <Table.Td maw={520}><How one={one} isHeard={standing.providers?.find((provider) => provider.name === one.provider)?.isHeard ?? false} /></Table.Td>
            </Table.Tr>
          ))}</Table.Tbody>
        </Table>
      )}
    </Card>
  );
}

function How({ one, isHeard }: { readonly one: ConnectionHealth; readonly isHeard: boolean }) {
  if (one.paused) return <><StateBadge state="paused" /> <Text size="sm" span>{one.open} names wait until somebody resumes.</Text></>;
  if (!isHeard) return <Text size="sm" c="red">Its adapter is not heard of.</Text>;
  if (one.open === 0) return <Text size="sm">All is as wished.</Text>;
  return (
    <>
      <Text size="sm">{one.open.toLocaleString()} {one.open === 1 ? 'name is' : 'names are'} not yet as wished{one.nextTryAt !== undefined && <>; next try <When at={one.nextTryAt} relative /></>}.</Text>
      <ReasonText reason={one.lastReason} />
    </>
  );
}
