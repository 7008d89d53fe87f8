import { Badge, Group, Stack, Text } from '@mantine/core';
import type { HoldPage as Answer } from '@vmdns/contracts';
import { useParams } from 'react-router';
import { DataTable, type Column } from '../../shared/data-table';
import { Empty } from '../../shared/empty';
import { Loading } from '../../shared/loading';
import { PageHead } from '../../shared/page-head';
import { Sentence } from '../../shared/sentence';
import { StateBadge } from '../../shared/state-badge';
import { TextLink } from '../../shared/text-link';
import { Trouble } from '../../shared/trouble';
import { When } from '../../shared/when';
import { Decide } from './decide';
import { keyOf, useHold, type Member } from './use-hold';

const TITLES: Readonly<Record<Answer['hold']['kind'], string>> = { 'vm-deletions': 'Deletions of VMs', 're-homing': 'Names that move to another zone', removals: 'Removals of records' };

/** One hold: the plan as a coloured diff with counts, and the decision. */
export function HoldPage() {
  const { id = '' } = useParams();
  const read = useHold(id);
  const { hold, members } = read;
  if (hold === undefined) return <><PageHead title="Hold" />{read.isPending ? <Loading /> : <Trouble error={read.error ?? new Error('the hold was not read')} retry={() => { void read.refetch(); }} />}</>;
  return (
    <>
      <PageHead title={TITLES[hold.kind]} badge={<StateBadge state={hold.state} />}><Decide hold={hold} members={members} /></PageHead>
      <Stack>
        <Text><Sentence text={hold.text} /></Text>
        <Text size="sm" c="dimmed">Of <span className="mono">{hold.scope}</span>, open since <When at={hold.openedAt} relative />{hold.decidedBy === undefined ? '' : `, ${hold.state} by ${hold.decidedBy}`}</Text>
        {members.length > 0 && <Counts total={hold.members} members={members} isWhole={!read.hasNextPage} />}
        {members.length === 0
          ? <Empty title="Nothing is on the list any more">Newer facts took everything off it.</Empty>
          : <DataTable label="What would be done" columns={COLUMNS[hold.kind]} rows={members} keyOf={keyOf} hasMore={read.hasNextPage} more={() => { if (!read.isFetchingNextPage) void read.fetchNextPage(); }} height="calc(100vh - 300px)" />}
      </Stack>
    </>
  );
}

const WHAT: Column<Member> = { head: 'What', cell: (member) => member.removes === undefined
  ? <Text className="mono diff-remove">− {member.text}</Text>
  : member.removes.map((rrset) => <Text key={rrset.type} className="mono diff-remove">− {member.name} {rrset.ttl} {rrset.type} {rrset.values.join(', ')}</Text>) };
const USED: Column<Member> = { head: 'Used by others by now', width: '200px', cell: (member) => <Group gap={4}>{member.usedByOthers?.map((ip) => <Badge key={ip} color="violet" variant="light" tt="none" title="Another VM has this address by now">{ip}</Badge>)}</Group> };
const ZONE: Column<Member> = { head: 'Zone', width: '200px', cell: (member) => <span className="mono">{member.zone ?? '–'}</span> };

const COLUMNS: Readonly<Record<Answer['hold']['kind'], readonly Column<Member>[]>> = {
  'vm-deletions': [{ head: 'VM', width: '140px', cell: (member) => member.vmId === undefined ? '–' : <TextLink to={`/vms/${encodeURIComponent(member.vmId)}`} mono>{member.vmId}</TextLink> }, WHAT, USED],
  're-homing': [{ head: 'What', cell: (member) => <Text className="mono">~ {member.text}</Text> }, ZONE],
  removals: [WHAT, ZONE, USED, { head: 'Remark', cell: (member) => member.text.includes('changed since') ? <Text size="sm" c="dimmed">changed since: it no longer waits here</Text> : null }],
};

function Counts({ total, members, isWhole }: { readonly total: number; readonly members: readonly Member[]; readonly isWhole: boolean }) {
  const types = new Map<string, number>();
  for (const { removes } of members) for (const { type, values } of removes ?? []) types.set(type, (types.get(type) ?? 0) + values.length);
  const used = members.filter((member) => (member.usedByOthers?.length ?? 0) > 0).length;
  return (
    <Group gap="xs" role="status" aria-label="Counts">
      <Badge color="red" variant="light" tt="none">− {total.toLocaleString()} {total === 1 ? 'waits' : 'wait'}</Badge>
      {[...types].map(([type, count]) => <Badge key={type} color="red" variant="outline" tt="none">− {count.toLocaleString()} {type}</Badge>)}
      {used > 0 && <Text size="sm" c="violet">{used.toLocaleString()} with an address that others use by now</Text>}
      {!isWhole && <Text size="xs" c="dimmed">kinds and addresses of the first {members.length.toLocaleString()}; scroll to see all</Text>}
    </Group>
  );
}
