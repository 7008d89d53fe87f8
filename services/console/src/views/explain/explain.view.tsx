import { List, Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Explanation } from '@vmdns/contracts';
import { useSearchParams } from 'react-router';
import { ask } from '../../api/client';
import { Empty } from '../../shared/empty';
import { Loading } from '../../shared/loading';
import { PageHead } from '../../shared/page-head';
import { ReasonText } from '../../shared/reason-text';
import { Sentence } from '../../shared/sentence';
import { StateBadge } from '../../shared/state-badge';
import { TextLink } from '../../shared/text-link';
import { Trouble } from '../../shared/trouble';
import { When } from '../../shared/when';
import { RecordTable } from '../vms/record-table';

/** Why a VM, name or address has the DNS it has, or none. */
export function Explain() {
  const [params] = useSearchParams();
  const q = params.get('q') ?? '';
  const explanation = useQuery({ queryKey: ['explain', q], enabled: q !== '', queryFn: ({ signal }) => ask<Explanation>('/v1/explain', { query: { q }, signal }), refetchInterval: 5_000 });
  return (
    <>
      <PageHead title={q === '' ? 'Explain' : `Explain ${q}`} />
      {q === '' && <Empty title="What do you wonder about?">Type a VM, a name or an address into the box above, and press Enter.</Empty>}
      {q !== '' && explanation.isPending && <Loading />}
      {explanation.isLoadingError && <Trouble error={explanation.error} retry={() => { void explanation.refetch(); }} />}
      {explanation.data !== undefined && <Answer explanation={explanation.data} />}
    </>
  );
}

function Answer({ explanation }: { readonly explanation: Explanation }) {
  return (
    <Stack>
      <Paper withBorder p="md">
        <List aria-label="Explanation" spacing="xs" listStyleType="none">{explanation.sentences.map((sentence) => <List.Item key={sentence}><Sentence text={sentence} /></List.Item>)}</List>
      </Paper>
      {explanation.vms.map((vm) => (
        <Stack key={vm.vmId} gap="xs">
          <Title order={2} size="h4"><TextLink to={`/vms/${encodeURIComponent(vm.vmId)}`}>{vm.vmId}</TextLink> <StateBadge state={vm.state} /></Title>
          <RecordTable records={vm.records} />
        </Stack>
      ))}
      {explanation.names.map((name) => (
        <Paper key={`${name.name} ${name.zone ?? ''} ${name.provider ?? ''}`} withBorder p="md">
          <Text className="mono" fw={600}>{name.name} <StateBadge state={name.state} /></Text>
          <Text size="sm" c="dimmed">{name.zone === null ? 'no zone' : `zone ${name.zone} at ${name.provider ?? '–'}`}{name.since !== undefined && <> since <When at={name.since} relative /></>}{name.nextTryAt !== undefined && <>, next try <When at={name.nextTryAt} relative /></>}</Text>
          <ReasonText reason={name.reason} />
        </Paper>
      ))}
    </Stack>
  );
}
