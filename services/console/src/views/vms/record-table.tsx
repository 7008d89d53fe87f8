import { Stack, Table, Text } from '@mantine/core';
import type { RecordStatus } from '@vmdns/contracts';
import { usePermissions } from '../../api/session';
import { ReasonText } from '../../shared/reason-text';
import { StateBadge } from '../../shared/state-badge';
import { TextLink } from '../../shared/text-link';
import { When } from '../../shared/when';
import { HandOver } from './hand-over';

/** Each record of a VM: where it is served, how it stands, and why. */
export function RecordTable({ records }: { readonly records: readonly RecordStatus[] }) {
  if (records.length === 0) return <Text c="dimmed">No records: it has no name and no address that a zone would take.</Text>;
  return (
    <Table.ScrollContainer minWidth={720}>
      <Table verticalSpacing="xs" aria-label="Records">
        <Table.Thead><Table.Tr><Table.Th>Record</Table.Th><Table.Th>Zone</Table.Th><Table.Th>State</Table.Th><Table.Th>Why, and what to do</Table.Th><Table.Th>Attempts</Table.Th></Table.Tr></Table.Thead>
        <Table.Tbody>{records.map((record) => <RecordRow key={`${record.name} ${record.type} ${record.zoneId ?? ''}`} record={record} />)}</Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function RecordRow({ record }: { readonly record: RecordStatus }) {
  const { session } = usePermissions();
  return (
    <Table.Tr>
      <Table.Td>
        <Text className="mono">{record.name} {record.ttl ?? ''} {record.type}</Text>
        {record.values.length === 0 && <Text size="sm" c="dimmed">to be removed</Text>}
        {record.values.map((value) => <Text key={value} className="mono" c="dimmed">{value}</Text>)}
      </Table.Td>
      <Table.Td>{record.zone === null || record.zoneId === null ? <Text c="dimmed">none</Text> : <>{session.tenant === null ? <TextLink to={`/zones/${record.zoneId}`} mono>{record.zone}</TextLink> : <Text size="sm" className="mono">{record.zone}</Text>}<Text size="sm" c="dimmed">{record.provider}</Text></>}</Table.Td>
      <Table.Td><StateBadge state={record.state} /></Table.Td>
      <Table.Td maw={420}>{record.reason === undefined ? <Text size="sm" c="dimmed">{record.state === 'applied' ? 'as wished, since' : 'since'} <When at={record.updatedAt} relative /></Text> : <><ReasonText reason={record.reason} /><HandOver record={record} /></>}</Table.Td>
      <Table.Td>
        <Stack gap={0}><Text size="sm">{record.attempts}</Text>{record.nextTryAt !== undefined && <Text size="sm" c="dimmed">next <When at={record.nextTryAt} relative /></Text>}</Stack>
      </Table.Td>
    </Table.Tr>
  );
}
