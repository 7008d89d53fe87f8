import { Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Connection, Provider } from '@vmdns/contracts';
import { useState } from 'react';
import { ask } from '../../api/client';
import { sayDone } from '../../shared/say';
import { secretFieldsOf } from '../../shared/schema-form';
import { Trouble } from '../../shared/trouble';

/** New values for secrets; those that are left empty stay. */
export function RotateSecrets({ connection, provider, close }: { readonly connection: Connection; readonly provider: Provider | undefined; readonly close: () => void }) {
  const queries = useQueryClient();
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const fields = provider === undefined ? connection.secrets : secretFieldsOf(provider.connectionSchema);
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
  const saving = useMutation({
    mutationFn: () => ask<Connection>(`/v1/connections/${encodeURIComponent(connection.id)}/secrets`, { method: 'PUT', body: given }),
    onSuccess: async () => { close(); sayDone(`${connection.name} uses the new secret; what failed for the old one is tried again`); await queries.invalidateQueries(); },
  });
  return (
    <Modal opened onClose={close} title={`Rotate the secret of ${connection.name}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={(event) => { event.preventDefault(); saving.mutate(); }}>
        <Stack>
          <Text size="sm" c="dimmed">What is left empty stays as it is. A secret goes in and never comes out.</Text>
          {fields.map((field, place) => <PasswordInput key={field} label={field} description={connection.secrets.includes(field) ? 'is set' : 'is not set'} value={values[field] ?? ''} onChange={(event) => { const { value } = event.currentTarget; setValues((now) => ({ ...now, [field]: value })); }} autoComplete="off" {...(place === 0 ? { 'data-autofocus': true } : {})} />)}
          {saving.isError && <Trouble error={saving.error} />}
          <Group justify="flex-end"><Button variant="default" onClick={close}>Cancel</Button><Button type="submit" loading={saving.isPending} disabled={Object.keys(given).length === 0}>Rotate</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}
