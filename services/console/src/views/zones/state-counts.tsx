import { Badge, Group, Text } from '@mantine/core';
import { colorOf } from '../../app/theme';

/** How many names are in which state; those that want somebody come first. */
export function StateCounts({ counts }: { readonly counts: Readonly<Record<string, number>> }) {
  const shown = Object.entries(counts).filter(([, count]) => count > 0).sort(([one], [other]) => rank(one) - rank(other));
  if (shown.length === 0) return <Text size="sm" c="dimmed">none</Text>;
  return <Group gap={6}>{shown.map(([state, count]) => <Badge key={state} variant="light" miw="max-content" color={colorOf(state)} tt="none">{count} {state}</Badge>)}</Group>;
}

const ORDER = ['failed', 'refused', 'on-hold', 'unconfirmed', 'pending', 'waiting', 'observed', 'applied', 'outside'];
const rank = (state: string) => { const place = ORDER.indexOf(state); return place === -1 ? ORDER.length : place; };
