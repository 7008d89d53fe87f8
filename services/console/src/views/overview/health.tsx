import { Card, Group, Table, Text, Title } from '@mantine/core';
import type { CallBudget, ConnectionHealth, Overview } from '@vmdns/contracts';
import { ReasonText } from '../../shared/reason-text';
import { Sentence } from '../../shared/sentence';
import { StateBadge } from '../../shared/state-badge';
import { When } from '../../shared/when';

/** Each adapter, and each connection in a sentence: how it is, what it may still call, what last went wrong. */
export function Health({ standing }: { readonly standing: Overview }) {
  const { connections = [], providers = [] } = standing;
  const isHeard = (provider: string) => providers.some((one) => one.name === provider && one.isHeard);
  return (
    <Card withBorder component="section" aria-label="Providers and connections">
      <Title order={2} size="h5" mb="xs">Providers and connections</Title>
      <Group gap="md" mb="xs">{providers.map((one) => <Text key={one.name} size="sm"><StateBadge state={one.isHeard ? 'well' : 'silent'} /> adapter of {one.name}, heard <When at={one.seenAt} relative /></Text>)}</Group>
      {connections.length === 0 && <Text c="dimmed">No connection is configured yet.</Text>}
      {connections.length > 0 && (
        <Table.ScrollContainer minWidth={860}>
          <Table aria-label="Connections" verticalSpacing="xs">
            <Table.Thead><Table.Tr><Table.Th>Connection</Table.Th><Table.Th>Zones</Table.Th><Table.Th>Names</Table.Th><Table.Th>How it is</Table.Th><Table.Th>Budget left</Table.Th><Table.Th>Last error</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>{connections.map((one) => (
              <Table.Tr key={one.id}>
                <Table.Td>{one.name}<Text size="xs" c="dimmed">{one.provider}</Text></Table.Td><Table.Td>{one.zones}</Table.Td><Table.Td>{one.applied.toLocaleString()}</Table.Td>
                <Table.Td maw={360}><How one={one} isHeard={isHeard(one.provider)} /></Table.Td>
                <Table.Td maw={220}><Budget budget={one.budget} isHeard={isHeard(one.provider)} /></Table.Td>
                <Table.Td maw={280}>{one.lastError === undefined ? <Text size="sm" c="dimmed">none</Text> : <Text size="sm"><When at={one.lastError.at} relative />: <Sentence text={one.lastError.reason.text} /></Text>}</Table.Td>
              </Table.Tr>
            ))}</Table.Tbody>
          </Table>
        </Table.ScrollContainer>
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

function Budget({ budget, isHeard }: { readonly budget: CallBudget | undefined; readonly isHeard: boolean }) {
  if (budget === undefined) return <Text size="sm" c="dimmed">{isHeard ? 'nothing to call yet' : 'not known now'}</Text>;
  const { calls, free, inFlightMax, blockedUntil } = budget;
  return (
    <>
      {blockedUntil !== undefined && <Text size="sm">No call before <When at={blockedUntil} />.</Text>}
      {calls !== undefined && <Text size="sm">{calls.left.toLocaleString()} of {calls.most.toLocaleString()} calls, {Number(calls.perSecond.toPrecision(2)).toLocaleString()} more a second.</Text>}
      <Text size="sm" {...(calls === undefined ? {} : { c: 'dimmed' })}>{free} of {inFlightMax} calls at once {free === 1 ? 'is' : 'are'} free.</Text>
    </>
  );
}
