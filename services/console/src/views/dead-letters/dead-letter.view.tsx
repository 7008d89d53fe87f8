import { Alert, Code, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { DeadLetterShown } from '@vmdns/contracts';
import { useParams } from 'react-router';
import { ask } from '../../api/client';
import { Loading } from '../../shared/loading';
import { PageHead } from '../../shared/page-head';
import { StateBadge } from '../../shared/state-badge';
import { Trouble } from '../../shared/trouble';
import { When } from '../../shared/when';
import { indented } from './indented';
import { TellAgain } from './tell-again';

/** One message that could not be taken: why, what it said, and the way to tell it once more. */
export function DeadLetterPage() {
  const { id = '' } = useParams();
  const letter = useQuery({ queryKey: ['dead-letter', id], queryFn: ({ signal }) => ask<DeadLetterShown>(`/v1/deadletters/${encodeURIComponent(id)}`, { signal }) });
  if (letter.data === undefined) return <><PageHead title="Dead letter" />{letter.isPending ? <Loading /> : <Trouble error={letter.error} retry={() => { void letter.refetch(); }} />}</>;
  return (
    <>
      <PageHead title="Dead letter" badge={<StateBadge state={letter.data.state} />}><TellAgain letter={letter.data} /></PageHead>
      <Stack>
        <Alert color={letter.data.state === 'open' ? 'orange' : 'gray'} title="Why it was not taken">{letter.data.reason}</Alert>
        <Text size="sm" c="dimmed"><span className="mono">{letter.data.subject}</span>, put aside by {letter.data.service} at <When at={letter.data.at} />.{letter.data.replayedAt !== undefined && <> Told once more by {letter.data.replayedBy ?? 'somebody'} at <When at={letter.data.replayedAt} />.</>}</Text>
        {!letter.data.isReplayable && <Text size="sm">What the services say among themselves they say again by themselves, once the cause is mended.</Text>}
        <div>
          <Title order={2} size="h5" mb="xs">What it said</Title>
          {/* Reached by the keyboard, since it scrolls. */}
          <Code block tabIndex={0} role="region" aria-label="What it said" mah="50vh">{indented(letter.data.payload)}</Code>
          {letter.data.isCut && <Text size="sm" c="dimmed">Only the beginning was kept.</Text>}
        </div>
        {Object.keys(letter.data.headers).length > 0 && (
          <Table.ScrollContainer minWidth={320}>
            <Table variant="vertical" aria-label="Headers"><Table.Tbody>{Object.entries(letter.data.headers).map(([name, value]) => <Table.Tr key={name}><Table.Th w={200} className="mono">{name}</Table.Th><Table.Td className="mono">{value}</Table.Td></Table.Tr>)}</Table.Tbody></Table>
          </Table.ScrollContainer>
        )}
      </Stack>
    </>
  );
}
