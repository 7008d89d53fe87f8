import { Button, Group, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '../../api/client';
import { faultsIn } from '../../shared/faults';
import { sayDone } from '../../shared/say';

interface PtrEditorProps { readonly vmId: string; readonly ip: string; readonly customerPtr: string | null; readonly publisherPtr: string | null }

/** The customer's reverse name of one address, set and reset in place. */
export function PtrEditor({ vmId, ip, customerPtr, publisherPtr }: PtrEditorProps) {
  const queries = useQueryClient();
  const [draft, setDraft] = useState<string | null>(null);
  const saving = useMutation({
    mutationFn: (hostname: string | null) => ask(`/v1/vms/${encodeURIComponent(vmId)}/addresses/${encodeURIComponent(ip)}/ptr`, { method: 'PUT', body: { hostname } }),
    onSuccess: async (_answer, hostname) => { setDraft(null); sayDone(hostname === null ? `${ip} goes back to its default reverse name` : `${ip} will answer ${hostname}`); await queries.invalidateQueries({ queryKey: ['vm', vmId] }); },
  });
  if (draft === null) {
    return (
      <Group gap="xs">
        <Text size="sm" className="mono">{customerPtr ?? publisherPtr ?? 'default'}</Text>
        {customerPtr !== null && <Text size="xs" c="dimmed">set by the customer</Text>}
        <Button size="compact-xs" variant="default" onClick={() => { setDraft(customerPtr ?? ''); }} aria-label={`Set the reverse name of ${ip}`}>Set</Button>
        {customerPtr !== null && <Button size="compact-xs" variant="default" loading={saving.isPending} onClick={() => { saving.mutate(null); }} aria-label={`Reset the reverse name of ${ip}`}>Reset</Button>}
      </Group>
    );
  }
  return (
    <form onSubmit={(event) => { event.preventDefault(); saving.mutate(draft.trim()); }}>
      <Group gap="xs" align="start">
        <TextInput size="xs" w={260} aria-label={`Reverse name of ${ip}`} placeholder="mail.customer.example" value={draft} onChange={(event) => { setDraft(event.currentTarget.value); }} error={faultsIn(saving.error)['hostname'] ?? saving.error?.message} data-autofocus autoFocus />
        <Button size="xs" type="submit" loading={saving.isPending} disabled={draft.trim() === ''}>Save</Button>
        <Button size="xs" variant="default" onClick={() => { setDraft(null); saving.reset(); }}>Cancel</Button>
      </Group>
    </form>
  );
}
