import { Alert, Button, Group, Select, Stack, Table, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Connection, Pause, PauseMade, PauseScope, Zone } from '@vmdns/contracts';
import { useState } from 'react';
import { ask } from '../../api/client';
import { usePages, type Page } from '../../api/pages';
import { usePermissions } from '../../api/session';
import { Empty } from '../../shared/empty';
import { Loading } from '../../shared/loading';
import { PageHead } from '../../shared/page-head';
import { sayDone, sayFailed } from '../../shared/say';
import { Trouble } from '../../shared/trouble';
import { When } from '../../shared/when';
import { EMPTY_STOP, stopBody, StopFields, stoppedText } from './stop-fields';

/** The stop button: what is stopped, by whom, why; stop and go on. */
export function Pauses() {
  const may = usePermissions();
  const queries = useQueryClient();
  const pauses = useQuery({ queryKey: ['pauses'], queryFn: ({ signal }) => ask<Page<Pause>>('/v1/pause', { signal }), refetchInterval: 5_000 });
  const zones = usePages<Zone>('/v1/zones', { limit: 500 });
  const connections = usePages<Connection>('/v1/connections', { limit: 500 });
  const nameOf = (scope: PauseScope) => scope.kind === 'all' ? 'everything' : scope.kind === 'zone' ? `zone ${zones.items.find((zone) => zone.id === scope.id)?.name ?? scope.id}` : `connection ${connections.items.find((one) => one.id === scope.id)?.name ?? scope.id}`;
  const resume = useMutation({ mutationFn: (pause: Pause) => ask(`/v1/pause/${encodeURIComponent(pause.id)}`, { method: 'DELETE' }), onSuccess: async () => { sayDone('It goes on; what waited is done now'); await queries.invalidateQueries({ queryKey: ['pauses'] }); }, onError: sayFailed });
  return (
    <>
      <PageHead title="Pauses" />
      <Stack>
        {may.operates && <Stop zones={zones.items} connections={connections.items} />}
        {pauses.isPending && <Loading lines={2} />}
        {pauses.isLoadingError && <Trouble error={pauses.error} retry={() => { void pauses.refetch(); }} />}
        {pauses.data?.items.length === 0 && <Empty title="Nothing is paused">Facts are taken in and planned during a pause; only writing at the providers waits.</Empty>}
        {pauses.data !== undefined && pauses.data.items.length > 0 && (
          <Table.ScrollContainer minWidth={720}>
            <Table aria-label="Pauses">
              <Table.Thead><Table.Tr><Table.Th>What</Table.Th><Table.Th>Why</Table.Th><Table.Th>By</Table.Th><Table.Th>Since</Table.Th><Table.Th>Until</Table.Th><Table.Th><span className="mantine-visually-hidden">Do</span></Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>{pauses.data.items.map((pause) => (
                <Table.Tr key={pause.id}>
                  <Table.Td>{nameOf(pause.scope)}</Table.Td><Table.Td>{pause.why === '' ? '–' : pause.why}</Table.Td><Table.Td>{pause.by}</Table.Td><Table.Td><When at={pause.since} relative /></Table.Td><Table.Td>{pause.until === null ? 'somebody resumes' : <When at={pause.until} relative />}</Table.Td>
                  <Table.Td>{may.operates && <Button size="xs" onClick={() => { resume.mutate(pause); }} aria-label={`Resume ${nameOf(pause.scope)}`}>Resume</Button>}</Table.Td>
                </Table.Tr>
              ))}</Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Stack>
    </>
  );
}

function Stop({ zones, connections }: { readonly zones: readonly Zone[]; readonly connections: readonly Connection[] }) {
  const queries = useQueryClient();
  const [what, setWhat] = useState<string | null>(null);
  const [draft, setDraft] = useState(EMPTY_STOP);
  const stopping = useMutation({
    mutationFn: (scope: PauseScope) => ask<PauseMade>('/v1/pause', { method: 'POST', body: { scope, ...stopBody(draft) } }),
    onSuccess: async (made) => { setWhat(null); setDraft(EMPTY_STOP); sayDone(stoppedText('Writing is stopped there', made)); await queries.invalidateQueries({ queryKey: ['pauses'] }); },
  });
  const data = [
    { group: 'Everywhere', items: [{ value: 'all', label: 'everything' }] },
    { group: 'One zone', items: zones.map((zone) => ({ value: `zone:${zone.id}`, label: `${zone.name} (${zone.provider})` })) },
    { group: 'One connection', items: connections.map((one) => ({ value: `connection:${one.id}`, label: one.name })) },
  ];
  return (
    <form onSubmit={(event) => { event.preventDefault(); if (what !== null) stopping.mutate(scopeOf(what)); }}>
      <Group align="end">
        <Select label="Stop writing" placeholder="choose what" data={data} value={what} onChange={setWhat} searchable w={280} />
        <StopFields draft={draft} change={setDraft} />
        <Button type="submit" color="red" disabled={what === null} loading={stopping.isPending}>Stop</Button>
      </Group>
      {stopping.isError && <Alert mt="sm" color="red" role="alert">{stopping.error.message}</Alert>}
      <Text size="sm" c="dimmed" mt="xs">A call that is already on its way may still end.</Text>
    </form>
  );
}

function scopeOf(value: string): PauseScope {
  const [kind, id] = value.split(':');
  if (id === undefined) return { kind: 'all' };
  return kind === 'zone' ? { kind: 'zone', id } : { kind: 'connection', id };
}
