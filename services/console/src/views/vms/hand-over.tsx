import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { RecordStatus } from '@vmdns/contracts';
import { useState } from 'react';
import { ask } from '../../api/client';
import { usePermissions } from '../../api/session';
import { sayDone } from '../../shared/say';
import { Trouble } from '../../shared/trouble';

/** What can be done on the spot about a record that somebody else has, or that was handed off. */
export function HandOver({ record }: { readonly record: RecordStatus }) {
  const may = usePermissions();
  const queries = useQueryClient();
  const [isAsked, setAsked] = useState(false);
  const adopting = useMutation({
    mutationFn: () => ask('/v1/records/adopt', { method: 'POST', body: { name: record.name, ...(record.zoneId === null ? {} : { zoneId: record.zoneId }) } }),
    onSuccess: async () => { setAsked(false); sayDone(`${record.name} is taken over`); await queries.invalidateQueries(); },
  });
  const code = record.reason?.code;
  if (!may.operates || record.zoneId === null || (code !== 'foreign-record' && code !== 'released')) return null;
  return (
    <>
      <Button mt={6} size="compact-xs" variant="default" onClick={() => { adopting.reset(); setAsked(true); }} aria-label={`Take over ${record.name}`}>Take over</Button>
      <Modal opened={isAsked} onClose={() => { setAsked(false); }} title={`Take over ${record.name}`} closeButtonProps={{ 'aria-label': 'Close' }}>
        <Stack>
          <Text size="sm">What is there of the wanted types becomes ours, and as wanted. What it holds now is lost; other types stay.</Text>
          {adopting.isError && <Trouble error={adopting.error} />}
          <Group justify="flex-end"><Button variant="default" onClick={() => { setAsked(false); }}>Cancel</Button><Button loading={adopting.isPending} onClick={() => { adopting.mutate(); }}>Take over</Button></Group>
        </Stack>
      </Modal>
    </>
  );
}
