import { Alert, Button, Group, Select, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Zone } from '@vmdns/contracts';
import { useState } from 'react';
import { ask } from '../../api/client';
import { usePermissions } from '../../api/session';
import { sayDone } from '../../shared/say';
import { Trouble } from '../../shared/trouble';
import { When } from '../../shared/when';

const MINUTES = [{ value: '15', label: '15 minutes' }, { value: '60', label: 'an hour' }, { value: '240', label: '4 hours' }, { value: '1440', label: 'a day' }];

/** The brake on removals, off for a while: by whom, why, until when; it comes on again by itself. */
export function BrakeOff({ zone }: { readonly zone: Zone }) {
  const may = usePermissions();
  const queries = useQueryClient();
  const [minutes, setMinutes] = useState('60');
  const [why, setWhy] = useState('');
  const changing = useMutation({
    mutationFn: (isOff: boolean) => ask<Zone>(`/v1/zones/${encodeURIComponent(zone.id)}`, { method: 'PATCH', body: { brakeOff: isOff ? { until: new Date(Date.now() + Number(minutes) * 60_000).toISOString(), why: why.trim() } : null } }),
    onSuccess: async (_zone, isOff) => { setWhy(''); sayDone(isOff ? 'Removals in this zone are not held for a while' : 'The brake is on again'); await queries.invalidateQueries({ queryKey: ['zone', zone.id] }); },
  });
  const off = zone.brakeOff;
  if (off !== undefined && Date.parse(off.until) > Date.now()) {
    return (
      <Alert color="orange" title="The brake is off">
        <Text size="sm">Removals in this zone are not held until <When at={off.until} />, by {off.by}{off.why === '' ? '' : `: ${off.why}`}.</Text>
        {may.operates && <Button mt="xs" size="xs" variant="default" loading={changing.isPending} onClick={() => { changing.mutate(false); }}>Put it on again</Button>}
      </Alert>
    );
  }
  if (!may.operates) return null;
  return (
    <form onSubmit={(event) => { event.preventDefault(); changing.mutate(true); }}>
      <Group align="end">
        <Select label="Take the brake off for" data={MINUTES} value={minutes} onChange={(value) => { setMinutes(value ?? '60'); }} allowDeselect={false} w={170} />
        <TextInput label="Why" value={why} onChange={(event) => { setWhy(event.currentTarget.value); }} maxLength={500} style={{ flex: '1 1 220px' }} required />
        <Button type="submit" variant="light" color="orange" loading={changing.isPending} disabled={why.trim() === ''}>Take it off</Button>
      </Group>
      {changing.isError && <Trouble error={changing.error} />}
    </form>
  );
}
