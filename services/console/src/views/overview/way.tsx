import { Card, Group, Paper, Text, Title } from '@mantine/core';
import type { Overview } from '@vmdns/contracts';
import { Fragment } from 'react';
import { duration } from './overview.view';

/** The way of a fact, with what is on each part of it now. */
export function Way({ standing }: { readonly standing: Overview }) {
  const silent = (service: 'inventory' | 'planner' | 'log') => standing.silent.includes(service);
  const providers = standing.providers ?? [];
  const gone = providers.filter((provider) => !provider.isHeard);
  const steps: readonly { readonly name: string; readonly isWrong: boolean; readonly after: string }[] = [
    { name: 'publisher', isWrong: false, after: 'facts' },
    { name: 'inventory', isWrong: silent('inventory'), after: standing.feedLagSeconds === null || standing.feedLagSeconds === undefined ? 'events' : `events; feed read ${duration(standing.feedLagSeconds)} ago` },
    { name: 'planner', isWrong: silent('planner'), after: `${(standing.unheard ?? 0).toLocaleString()} names told, not heard of` },
    { name: providers.length === 0 ? 'adapters' : providers.map((provider) => provider.name).join(', '), isWrong: gone.length > 0, after: `${(standing.heard ?? 0).toLocaleString()} names in work` },
    { name: 'log', isWrong: silent('log'), after: '' },
  ];
  return (
    <Card withBorder component="section" aria-label="The way of a fact">
      <Title order={2} size="h5" mb="xs">The way of a fact</Title>
      <Group gap="xs" align="center">
        {steps.map((step, place) => (
          <Fragment key={step.name}>
            <Paper withBorder px="sm" py={6} {...(step.isWrong ? { style: { borderColor: 'var(--mantine-color-red-6)' } } : {})}><Text fw={600} size="sm" {...(step.isWrong ? { c: 'red' } : {})}>{step.name}{step.isWrong ? ' is silent' : ''}</Text></Paper>
            {place < steps.length - 1 && <Text size="xs" c="dimmed" maw={130}>{step.after} <span aria-hidden>→</span></Text>}
          </Fragment>
        ))}
      </Group>
      {gone.length > 0 && <Text size="sm" mt="xs">Nothing is heard of the adapter of {gone.map((provider) => provider.name).join(', ')}: what it shall do waits, and is done when it is back.</Text>}
    </Card>
  );
}
