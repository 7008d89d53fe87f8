import { Alert, Button, Code, Drawer, Group, Stack, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import type { LogEntry } from '@vmdns/contracts';
import { useMemo, useState } from 'react';
import { useSearchParams } from 'react-router';
import { useLogStream } from '../../api/log-stream';
import { usePages } from '../../api/pages';
import { DataTable, type Column } from '../../shared/data-table';
import { Empty } from '../../shared/empty';
import { Loading } from '../../shared/loading';
import { PageHead } from '../../shared/page-head';
import { Sentence } from '../../shared/sentence';
import { StateBadge } from '../../shared/state-badge';
import { TextLink } from '../../shared/text-link';
import { Trouble } from '../../shared/trouble';
import { When } from '../../shared/when';

const FILTERS = [['vmId', 'VM'], ['name', 'Name'], ['zone', 'Zone'], ['provider', 'Provider'], ['status', 'Status']] as const;

const COLUMNS: readonly Column<LogEntry>[] = [
  { head: 'Time', width: '170px', cell: (entry) => <When at={entry.at} /> },
  { head: 'Status', width: '120px', cell: (entry) => <StateBadge state={entry.status} /> },
  { head: 'Name', width: '280px', cell: (entry) => <span className="mono">{entry.name ?? entry.zone ?? '–'}</span> },
  { head: 'Provider', width: '110px', cell: (entry) => entry.provider ?? '–' },
  { head: 'What happened', cell: (entry) => <Text size="sm" lineClamp={2}>{entry.text}</Text> },
];

/** What was done, refused and ignored, as it happens. */
export function LogTail() {
  const [params, setParams] = useSearchParams();
  const [isPaused, setPaused] = useState(false);
  const [shown, setShown] = useState<LogEntry | null>(null);
  const filter = useMemo(() => Object.fromEntries(FILTERS.map(([field]) => [field, params.get(field) ?? undefined])), [params]);
  const history = usePages<LogEntry>('/v1/log', filter);
  const live = useLogStream(filter, isPaused);
  const rows = useMemo(() => {
    const seen = new Set(live.entries.map((entry) => entry.id));
    return [...live.entries, ...history.items.filter((entry) => !seen.has(entry.id))];
  }, [live.entries, history.items]);
  const set = useDebouncedCallback((field: string, value: string) => { setParams((now) => { const next = new URLSearchParams(now); if (value === '') next.delete(field); else next.set(field, value); return next; }, { replace: true }); }, 250);
  return (
    <>
      <PageHead title="Log" badge={<FeedBadge state={live.state} isPaused={isPaused} />}>
        <Button variant="default" size="xs" onClick={() => { setPaused(!isPaused); }} aria-pressed={isPaused}>{isPaused ? `Go on${live.waiting > 0 ? ` (${String(live.waiting)} waiting)` : ''}` : 'Pause'}</Button>
      </PageHead>
      {live.state === 'broken' && <Alert color="yellow" mb="sm" role="status" title="The live feed is broken">It is opened again by itself, and shows then what was missed.</Alert>}
      <Group mb="md" gap="xs">{FILTERS.map(([field, label]) => <TextInput key={field} size="xs" w={170} label={label} defaultValue={params.get(field) ?? ''} onChange={(event) => { set(field, event.currentTarget.value.trim()); }} />)}</Group>
      {history.isPending && rows.length === 0 && <Loading lines={8} />}
      {history.isLoadingError && <Trouble error={history.error} retry={() => { void history.refetch(); }} />}
      {history.isSuccess && rows.length === 0 && <Empty title="Nothing in the log">Nothing was done yet that fits the filter. What happens from now on appears here by itself.</Empty>}
      {rows.length > 0 && <DataTable label="Log entries" columns={COLUMNS} rows={rows} keyOf={(entry) => entry.id} onRow={setShown} hasMore={history.hasNextPage} more={() => { if (!history.isFetchingNextPage) void history.fetchNextPage(); }} />}
      <Drawer opened={shown !== null} onClose={() => { setShown(null); }} position="right" size="lg" title="Log entry" closeButtonProps={{ 'aria-label': 'Close' }}>{shown !== null && <Entry entry={shown} />}</Drawer>
    </>
  );
}

function FeedBadge({ state, isPaused }: { readonly state: string; readonly isPaused: boolean }) {
  return <StateBadge state={isPaused ? 'paused' : state} />;
}

function Entry({ entry }: { readonly entry: LogEntry }) {
  const facts: readonly (readonly [string, React.ReactNode])[] = [
    ['Time', <When key="at" at={entry.at} />], ['Status', <StateBadge key="status" state={entry.status} />], ['Name', entry.name === undefined ? undefined : <TextLink key="name" to={`/explain?q=${encodeURIComponent(entry.name)}`} mono>{entry.name}</TextLink>], ['Zone', entry.zone === undefined ? undefined : entry.zoneId === undefined ? entry.zone : <TextLink key="zone" to={`/zones/${entry.zoneId}`}>{entry.zone}</TextLink>],
    ['Provider', entry.provider], ['VMs', entry.vms.length === 0 ? undefined : <Group key="vms" gap="xs">{entry.vms.map((vm) => <TextLink key={vm} to={`/vms/${encodeURIComponent(vm)}`} mono>{vm}</TextLink>)}</Group>],
    ['Generation', entry.generation], ['Turn', entry.turn], ['Trace', entry.traceId === undefined ? undefined : <Code key="trace">{entry.traceId}</Code>],
  ];
  return (
    <Stack>
      <Text><Sentence text={entry.text} /></Text>
      {entry.providerText !== undefined && <div><Text size="sm" fw={600}>In the provider&apos;s words</Text><Code block>{entry.providerText}</Code></div>}
      <Table variant="vertical"><Table.Tbody>{facts.filter(([, value]) => value !== undefined).map(([head, value]) => <Table.Tr key={head}><Table.Th w={110}>{head}</Table.Th><Table.Td>{value}</Table.Td></Table.Tr>)}</Table.Tbody></Table>
      {entry.rrsets !== undefined && <div><Text size="sm" fw={600}>The command: what the name shall have</Text><Code block>{entry.rrsets.length === 0 ? 'nothing' : JSON.stringify(entry.rrsets, null, 2)}</Code></div>}
    </Stack>
  );
}
