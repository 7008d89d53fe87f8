import { Card, Group, Progress, Text } from '@mantine/core';
import type { ZoneProgress } from '@vmdns/contracts';
import { When } from '../../shared/when';

const WORDS: Readonly<Record<ZoneProgress['state'], string>> = { waiting: 'waits for its turn', planning: 'planned', writing: 'written' };

/** How far the work on a zone's names is, after zones or settings changed. */
export function ZoneProgressBar({ progress: { state, done, total, why, since } }: { readonly progress: ZoneProgress }) {
  const count = total === null ? `${done.toLocaleString()} so far` : `${done.toLocaleString()} of ${total.toLocaleString()}`;
  const percent = total === null || total === 0 ? 100 : Math.min(100, done / total * 100);
  return (
    <Card withBorder component="section" aria-label="Progress">
      <Group justify="space-between" mb={6}><Text size="sm" fw={600}>{why}</Text><Text size="sm" role="status">{state === 'waiting' ? WORDS.waiting : `${count} names ${WORDS[state]}`}, since <When at={since} relative /></Text></Group>
      <Progress.Root size="lg"><Progress.Section value={percent} aria-label={`${why}: ${WORDS[state]}`} aria-valuetext={count} striped={total === null || state === 'waiting'} animated={total === null || state === 'waiting'} /></Progress.Root>
    </Card>
  );
}
