import { Text, Timeline as Line, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { LogEntry, VmDns, VmView } from '@vmdns/contracts';
import { ask } from '../../api/client';
import type { Page } from '../../api/pages';
import { colorOf } from '../../app/theme';
import { When } from '../../shared/when';

const SHOWN = 12;

/** From the event to the answer: what happened since the last change, with the milliseconds that each step took. */
export function Timeline({ vm, dns }: { readonly vm: VmView; readonly dns: VmDns }) {
  const log = useQuery({ queryKey: ['vm', vm.vmId, 'log'], refetchInterval: 3_000, queryFn: ({ signal }) => ask<Page<LogEntry>>('/v1/log', { query: { vmId: vm.vmId, since: vm.changedAt, limit: 50 }, signal }) });
  const start = Date.parse(vm.changedAt);
  const entries = [...(log.data?.items ?? [])].sort((one, other) => one.at.localeCompare(other.at)).slice(0, SHOWN);
  return (
    <section aria-label="Timeline">
      <Title order={2} size="h4" mb="sm">Since its last change</Title>
      <Line bulletSize={16} lineWidth={2} active={entries.length + 1}>
        <Line.Item title="The change was stored"><Text size="sm" c="dimmed"><When at={vm.changedAt} />, revision {vm.revision}, by {vm.source}</Text></Line.Item>
        {entries.map((entry) => (
          <Line.Item key={entry.id} title={`${entry.name ?? entry.zone ?? entry.kind}: ${entry.status}`} color={colorOf(entry.status)}>
            <Text size="sm">{entry.text}</Text>
            <Text size="xs" c="dimmed">{`${String(Math.max(0, Date.parse(entry.at) - start))} ms after the change`}, <When at={entry.at} /></Text>
          </Line.Item>
        ))}
        {dns.live && <Line.Item title="Live" color="teal"><Text size="sm" c="dimmed">Every record answers or is explained, for revision {dns.plannedRevision}.</Text></Line.Item>}
      </Line>
    </section>
  );
}
