import { Alert, Button, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { DeadLetter, Overview as Standing } from '@vmdns/contracts';
import { Link } from 'react-router';
import { ask } from '../../api/client';
import { usePages } from '../../api/pages';
import { usePermissions } from '../../api/session';
import { Loading } from '../../shared/loading';
import { PageHead } from '../../shared/page-head';
import { TextLink } from '../../shared/text-link';
import { Trouble } from '../../shared/trouble';
import { When } from '../../shared/when';
import { VmList } from '../vms/vm-list.view';
import { Health } from './health';
import { Sparkline } from './sparkline';
import { Way } from './way';

const LOOK_MS = 3_000;

/** In ten seconds: does everything answer, and if not, where and why. */
export function Overview() {
  const may = usePermissions();
  const overview = useQuery({ queryKey: ['overview'], enabled: may.watches, queryFn: ({ signal }) => ask<Standing>('/v1/overview', { signal }), refetchInterval: LOOK_MS });
  if (!may.watches) return <VmList />;
  return (
    <>
      <PageHead title="Overview" />
      {overview.isPending && <Loading lines={6} />}
      {overview.isLoadingError && <Trouble error={overview.error} retry={() => { void overview.refetch(); }} />}
      {overview.data !== undefined && <Shown standing={overview.data} />}
    </>
  );
}

function Shown({ standing }: { readonly standing: Standing }) {
  const { names = {}, reasons = {}, silent } = standing;
  const wrong = Object.values(reasons).reduce((sum, count) => sum + count, 0);
  // What a pause or the provider's limits keep back is on its way as well.
  const pending = (names['pending'] ?? 0) + (names['waiting'] ?? 0);
  return (
    <Stack>
      {silent.length > 0 && <Alert color="red" role="alert" title={`${silent.join(' and ')} ${silent.length === 1 ? 'does' : 'do'} not answer`}>What the others know is shown; the rest appears by itself.</Alert>}
      <SimpleGrid cols={{ base: 2, md: 5 }}>
        <Figure head="VMs" value={standing.vms} to="/vms" />
        <Figure head="Names that answer" value={names['applied']} color="teal" to="/vms?state=live" />
        <Figure head="Pending" value={pending} color="blue" note={pending === 0 || standing.oldestPendingSeconds === null || standing.oldestPendingSeconds === undefined ? undefined : `oldest: ${duration(standing.oldestPendingSeconds)}`} to="/vms?state=pending" />
        <Figure head="Not as wished" value={wrong} color={wrong > 0 ? 'red' : 'gray'} to="/vms?state=attention" />
        <Figure head="On hold" value={standing.openHolds} color={(standing.openHolds ?? 0) > 0 ? 'violet' : 'gray'} note="for a person" to="/holds" />
      </SimpleGrid>
      <DeadLetters />
      {wrong > 0 && <Reasons reasons={reasons} />}
      <Way standing={standing} />
      <Card withBorder component="section" aria-label="Applied per minute">
        <Title order={2} size="h5" mb="xs">Applied per minute, the last half hour</Title>
        <Sparkline minutes={standing.minutes ?? []} />
      </Card>
      <Health standing={standing} />
    </Stack>
  );
}

/** Said only where there is one: a message that nobody took is seen nowhere else until somebody misses its VM. */
function DeadLetters() {
  const { items } = usePages<DeadLetter>('/v1/deadletters', { state: 'open' }, { refreshMs: 10_000 });
  const [newest] = items;
  if (newest === undefined) return null;
  return <Alert color="orange" title="Messages that could not be taken were put aside">The newest, <When at={newest.at} relative />: {newest.reason} <Button component={Link} to="/deadletters" size="compact-xs" variant="default">Look at them</Button></Alert>;
}

interface FigureProps { readonly head: string; readonly value: number | undefined; readonly color?: string; readonly note?: string | undefined; readonly to: string }

function Figure({ head, value, color = 'blue', note, to }: FigureProps) {
  return (
    <Card withBorder padding="sm">
      <Text size="sm" c="dimmed">{head}</Text>
      <Text size="xl" fw={700} c={value === undefined || value === 0 ? 'dimmed' : `var(--mantine-color-${color}-text)`}>{value === undefined ? '–' : value.toLocaleString()}</Text>
      <Group justify="space-between" gap={4}><Text size="xs" c="dimmed">{note ?? ''}</Text><TextLink to={to}><Text span size="xs">show</Text></TextLink></Group>
    </Card>
  );
}

function Reasons({ reasons }: { readonly reasons: Readonly<Record<string, number>> }) {
  return (
    <Card withBorder component="section" aria-label="Not as wished, by reason">
      <Title order={2} size="h5" mb="xs">Not as wished, by reason</Title>
      <Stack gap={4}>{Object.entries(reasons).sort(([, one], [, other]) => other - one).map(([reason, count]) => <Group key={reason} gap="sm"><Text className="mono" w={180}>{reason}</Text><Text>{count.toLocaleString()} {count === 1 ? 'name' : 'names'}</Text></Group>)}</Stack>
    </Card>
  );
}

/** A length of time as a person says it. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${String(Math.round(seconds))} s`;
  if (seconds < 5_400) return `${String(Math.round(seconds / 60))} min`;
  return seconds < 172_800 ? `${String(Math.round(seconds / 3_600))} h` : `${String(Math.round(seconds / 86_400))} days`;
}
