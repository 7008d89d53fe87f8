import { Card, Flex, Paper, Stack, Text, Title } from '@mantine/core';
import type { Lag, Overview } from '@vmdns/contracts';
import { Fragment } from 'react';
import { duration } from './overview.view';

interface Place { readonly name: string; readonly holds?: string | undefined; readonly isSilent: boolean }
interface Arrow { readonly what: string; readonly waiting: number | undefined; readonly note?: string | undefined }

/** The way of a fact: what each place holds, and on each arrow how many messages wait to be read now. */
export function Way({ standing }: { readonly standing: Overview }) {
  const gone = (standing.providers ?? []).filter((provider) => !provider.isHeard).map((provider) => provider.name);
  return (
    <Card withBorder component="section" aria-label="The way of a fact">
      <Title order={2} size="h5" mb="sm">The way of a fact</Title>
      <Flex direction={{ base: 'column', md: 'row' }} gap="xs" align={{ base: 'stretch', md: 'stretch' }}>
        {legsOf(standing).map(([arrow, place]) => (
          <Fragment key={place.name}>
            {arrow !== undefined && <Between arrow={arrow} />}
            <Paper withBorder px="sm" py={6} style={{ flex: '1 1 auto', ...(place.isSilent ? { borderColor: 'var(--mantine-color-red-6)' } : {}) }}>
              <Text fw={600} size="sm" {...(place.isSilent ? { c: 'red' } : {})}>{place.name}{place.isSilent ? ' is silent' : ''}</Text>
              {place.holds !== undefined && <Text size="xs" c="dimmed">{place.holds}</Text>}
            </Paper>
          </Fragment>
        ))}
      </Flex>
      {gone.length > 0 && <Text size="sm" mt="xs">Nothing is heard of the adapter of {gone.join(', ')}: what it shall do waits, and is done when it is back.</Text>}
    </Card>
  );
}

/** Each place with the arrow that leads to it. */
function legsOf(standing: Overview): readonly (readonly [Arrow | undefined, Place])[] {
  const { lag = {} as Lag, providers = [], silent, names } = standing;
  const last = standing.minutes?.at(-2);
  return [
    [undefined, { name: 'publisher', holds: 'says what is true', isSilent: false }],
    [{ what: 'facts', waiting: lag.facts }, { name: 'inventory', holds: counted(standing.vms, 'VM'), isSilent: silent.includes('inventory') }],
    [{ what: 'events', waiting: lag.events, note: standing.feedLagSeconds === null || standing.feedLagSeconds === undefined ? undefined : `all read ${duration(standing.feedLagSeconds)} ago` },
      { name: 'planner', holds: counted(names === undefined ? undefined : Object.values(names).reduce((sum, count) => sum + count, 0), 'name'), isSilent: silent.includes('planner') }],
    [{ what: 'commands', waiting: lag.commands, note: counted(standing.unheard, 'name', 'not heard of yet') },
      { name: providers.length === 0 ? 'adapters' : providers.map((provider) => provider.name).join(', '), holds: counted(standing.heard, 'name', 'in work'), isSilent: providers.some((provider) => !provider.isHeard) }],
    [{ what: 'results', waiting: lag.results }, { name: 'log', holds: last === undefined ? undefined : `${(last.applied + last.other).toLocaleString()} in the last minute`, isSilent: silent.includes('log') }],
  ];
}

const counted = (count: number | undefined, one: string, what = '') => count === undefined ? undefined : `${count.toLocaleString()} ${count === 1 ? one : `${one}s`}${what === '' ? '' : ` ${what}`}`;

function Between({ arrow: { what, waiting, note } }: { readonly arrow: Arrow }) {
  return (
    <Stack gap={0} align="center" justify="center" miw={90} maw={{ md: 130 }} ta="center">
      <Text size="xs" c="dimmed">{what} <span aria-hidden>→</span></Text>
      <Text size="xs" {...(waiting !== undefined && waiting > 0 ? { fw: 700, c: 'blue' } : { c: 'dimmed' })}>{waiting === undefined ? 'not known now' : waiting === 0 ? 'none waits' : `${waiting.toLocaleString()} ${waiting === 1 ? 'waits' : 'wait'}`}</Text>
      {note !== undefined && <Text size="xs" c="dimmed">{note}</Text>}
    </Stack>
  );
}
