import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Zone, ZoneDrift } from '@vmdns/contracts';
import { ask } from '../../api/client';
import { When } from '../../shared/when';

/** When a zone was last compared with its provider, and what came of it; asked for the zones in sight only. */
export function LastComparison({ zone }: { readonly zone: Zone }) {
  const drift = useQuery({ queryKey: ['zone', zone.id, 'drift'], queryFn: ({ signal }) => ask<ZoneDrift>(`/v1/zones/${encodeURIComponent(zone.id)}/drift`, { query: { limit: 1 }, signal }), staleTime: 30_000, refetchInterval: 60_000, retry: false });
  if (drift.isPending) return <Text size="sm" c="dimmed">…</Text>;
  if (drift.data === undefined) return <Text size="sm" c="dimmed">not known now</Text>;
  const { beganAt, counts, state, fault } = drift.data;
  if (state === 'comparing') return <Text size="sm">runs now</Text>;
  if (fault !== undefined) return <Text size="sm" c="orange">{fault.text}</Text>;
  if (beganAt === undefined || counts === undefined) return <Text size="sm" c="dimmed">never yet</Text>;
  const wrong = counts.differs + counts.missing + counts.orphans;
  return <Text size="sm"><When at={beganAt} relative />: {wrong === 0 ? 'nothing differs' : `${wrong.toLocaleString()} ${wrong === 1 ? 'differs' : 'differ'}`}</Text>;
}
