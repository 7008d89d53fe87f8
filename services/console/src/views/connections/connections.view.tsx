import { Badge, Button, Group, Modal, Stack, Table, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Connection, Provider } from '@vmdns/contracts';
import { useState } from 'react';
import { ask } from '../../api/client';
import { usePages } from '../../api/pages';
import { useProviders } from '../../api/providers';
import { usePermissions } from '../../api/session';
import { Confirm } from '../../shared/confirm';
import { Empty } from '../../shared/empty';
import { faultsIn } from '../../shared/faults';
import { Loading } from '../../shared/loading';
import { PageHead } from '../../shared/page-head';
import { sayDone } from '../../shared/say';
import { Trouble } from '../../shared/trouble';
import { When } from '../../shared/when';
import { ConnectionFields, EMPTY_CONNECTION, type ConnectionDraft } from './connection-fields';
import { RotateSecrets } from './rotate-secrets';

/** The ways to the providers' servers: list, make, rotate a secret, remove. */
export function Connections() {
  const may = usePermissions();
  const queries = useQueryClient();
  const providers = useProviders();
  const [isMaking, setMaking] = useState(false);
  const [leaving, setLeaving] = useState<Connection | null>(null);
  const [rotating, setRotating] = useState<Connection | null>(null);
  const connections = usePages<Connection>('/v1/connections', { limit: 500 }, { refreshMs: 10_000 });
  const removing = useMutation({ mutationFn: (one: Connection) => ask(`/v1/connections/${encodeURIComponent(one.id)}`, { method: 'DELETE' }), onSuccess: async (_done, one) => { setLeaving(null); sayDone(`${one.name} is removed`); await queries.invalidateQueries({ queryKey: ['/v1/connections'] }); } });
  const add = may.operates && <Button onClick={() => { setMaking(true); }}>New connection</Button>;
  return (
    <>
      <PageHead title="Connections">{add}</PageHead>
      {connections.isPending && <Loading />}
      {connections.isLoadingError && <Trouble error={connections.error} retry={() => { void connections.refetch(); }} />}
      {connections.isSuccess && connections.items.length === 0 && <Empty title="No connection yet" action={add}>A connection says how to reach a provider&apos;s server, and with which key. Zones use it.</Empty>}
      {connections.items.length > 0 && (
        <Table.ScrollContainer minWidth={860}>
          <Table aria-label="Connections">
            <Table.Thead><Table.Tr><Table.Th>Name</Table.Th><Table.Th>Provider</Table.Th><Table.Th>Settings</Table.Th><Table.Th>Secrets</Table.Th><Table.Th>Made</Table.Th><Table.Th><span className="mantine-visually-hidden">Do</span></Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>{connections.items.map((one) => (
              <Table.Tr key={one.id}>
                <Table.Td>{one.name} {one.paused && <Badge color="yellow" variant="light" tt="none">paused</Badge>}</Table.Td><Table.Td>{one.provider}</Table.Td>
                <Table.Td>{Object.entries(one.settings).map(([field, value]) => <Text key={field} size="sm" className="mono">{field}: {typeof value === 'string' ? value : JSON.stringify(value)}</Text>)}</Table.Td>
                <Table.Td>{one.secrets.length === 0 ? '–' : one.secrets.map((secret) => `${secret} is set`).join(', ')}</Table.Td><Table.Td><When at={one.createdAt} relative /></Table.Td>
                <Table.Td>{may.operates && <Group gap="xs" wrap="nowrap"><Button size="compact-xs" variant="default" onClick={() => { setRotating(one); }} aria-label={`Rotate secret of ${one.name}`}>Rotate secret</Button><Button size="compact-xs" variant="default" color="red" onClick={() => { removing.reset(); setLeaving(one); }} aria-label={`Remove ${one.name}`}>Remove</Button></Group>}</Table.Td>
              </Table.Tr>
            ))}</Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <NewConnection opened={isMaking} close={() => { setMaking(false); }} providers={providers.data ?? []} />
      {leaving !== null && <Confirm title={`Remove ${leaving.name}`} word="Remove" isDanger isRunning={removing.isPending} error={removing.error} confirm={() => { removing.mutate(leaving); }} close={() => { setLeaving(null); }}>Its settings and secrets are forgotten. A connection that a zone uses is not removed.</Confirm>}
      {rotating !== null && <RotateSecrets connection={rotating} provider={providers.data?.find((one) => one.name === rotating.provider)} close={() => { setRotating(null); }} />}
    </>
  );
}

function NewConnection({ opened, close, providers }: { readonly opened: boolean; readonly close: () => void; readonly providers: readonly Provider[] }) {
  const queries = useQueryClient();
  const [draft, setDraft] = useState<ConnectionDraft>(EMPTY_CONNECTION);
  const leave = () => { saving.reset(); setDraft(EMPTY_CONNECTION); close(); };
  const saving = useMutation({
    mutationFn: () => ask<Connection>('/v1/connections', { method: 'POST', body: draft }),
    onSuccess: async (made) => { leave(); sayDone(`${made.name} is made`); await queries.invalidateQueries({ queryKey: ['/v1/connections'] }); },
  });
  return (
    <Modal opened={opened} onClose={leave} title="New connection" size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={(event) => { event.preventDefault(); saving.mutate(); }}>
        <Stack>
          <ConnectionFields draft={draft} change={setDraft} providers={providers} faults={faultsIn(saving.error)} />
          {saving.isError && <Trouble error={saving.error} />}
          <Group justify="flex-end"><Button variant="default" onClick={leave}>Cancel</Button><Button type="submit" loading={saving.isPending} disabled={draft.provider === null || draft.name.trim() === ''}>Make</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}
