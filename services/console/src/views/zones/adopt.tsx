import { Alert, Button, Group, Modal, SegmentedControl, Stack, Table, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Adoption, Zone } from '@vmdns/contracts';
import { useState } from 'react';
import { ask } from '../../api/client';
import { Loading } from '../../shared/loading';
import { sayDone } from '../../shared/say';
import { Trouble } from '../../shared/trouble';

/** Taking over what is at the provider: first what it would do, then the doing of exactly that. */
export function Adopt({ zone, close }: { readonly zone: Zone; readonly close: () => void }) {
  const queries = useQueryClient();
  const [different, setDifferent] = useState('none');
  const path = `/v1/zones/${encodeURIComponent(zone.id)}/adopt`;
  const preview = useQuery({ queryKey: ['zone', zone.id, 'adopt', different], staleTime: 0, queryFn: ({ signal }) => ask<Adoption>(path, { method: 'POST', body: { different, dryRun: true }, signal }) });
  const adopting = useMutation({
    mutationFn: () => ask<Adoption>(path, { method: 'POST', body: { different, dryRun: false } }),
    onSuccess: async (did) => { close(); sayDone(`${String(did.equal)} taken over as they are${did.different > 0 ? `, ${String(did.different)} that differ` : ''}; ${String(did.left + did.foreign)} left alone`); await queries.invalidateQueries({ queryKey: ['zone', zone.id] }); },
  });
  return (
    <Modal opened onClose={close} title={`Take over ${zone.name}`} size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack>
        <Text size="sm">What is already as it is wanted becomes ours without a write. What others keep beside it (comments, proxied, other types) is never touched.</Text>
        <SegmentedControl aria-label="What differs" value={different} onChange={setDifferent} data={[{ value: 'none', label: 'Leave what differs' }, { value: 'all', label: 'Take over what differs too' }]} />
        {preview.isPending && <Loading lines={3} />}
        {preview.isLoadingError && <Trouble error={preview.error} retry={() => { void preview.refetch(); }} />}
        {preview.data !== undefined && (
          <>
            <Alert color="blue" title="It would">take over {preview.data.equal} that are equal{preview.data.different > 0 ? ` and ${String(preview.data.different)} that differ${zone.mode === 'write' ? ', which then become as wanted' : ''}` : ''}; leave {preview.data.left} that differ and {preview.data.foreign} that nobody wishes here.</Alert>
            {preview.data.items.length > 0 && (
              <Table.ScrollContainer minWidth={480} mah={280}>
                <Table aria-label="What differs"><Table.Tbody>{preview.data.items.slice(0, 100).map((entry) => (
                  <Table.Tr key={`${entry.name} ${entry.type}`}><Table.Td className="mono">{entry.name} {entry.type}</Table.Td><Table.Td className="mono diff-remove">{entry.held === undefined ? '' : `− ${entry.held.values.join(', ')}`}</Table.Td><Table.Td className="mono diff-add">{entry.wanted === undefined ? '' : `+ ${entry.wanted.values.join(', ')}`}</Table.Td></Table.Tr>
                ))}</Table.Tbody></Table>
              </Table.ScrollContainer>
            )}
          </>
        )}
        {adopting.isError && <Trouble error={adopting.error} />}
        <Group justify="flex-end"><Button variant="default" onClick={close}>Cancel</Button><Button disabled={preview.data === undefined} loading={adopting.isPending} onClick={() => { adopting.mutate(); }}>Take over</Button></Group>
      </Stack>
    </Modal>
  );
}
