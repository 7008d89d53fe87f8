import { Button, Fieldset, Group, NumberInput, Select, SimpleGrid, Stack, TagsInput, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Zone } from '@vmdns/contracts';
import { useState } from 'react';
import { ask } from '../../api/client';
import { useProviders } from '../../api/providers';
import { usePermissions } from '../../api/session';
import { faultsIn } from '../../shared/faults';
import { sayDone } from '../../shared/say';
import { SchemaForm } from '../../shared/schema-form';
import { Trouble } from '../../shared/trouble';
import { settingFaults } from '../connections/connection-fields';
import { BrakeOff } from './brake-off';

type Draft = Pick<Zone, 'ttl' | 'addresses' | 'reservedNames' | 'limits' | 'reconcile' | 'settings'>;
const draftOf = ({ ttl, addresses, reservedNames, limits, reconcile, settings }: Zone): Draft => ({ ttl, addresses, limits, reconcile, settings, ...(reservedNames === undefined ? {} : { reservedNames }) });

const SCHEDULES = [{ value: '0', label: 'only when asked' }, { value: '3600', label: 'every hour' }, { value: '21600', label: 'every 6 hours' }, { value: '86400', label: 'every day' }, { value: '604800', label: 'every week' }];
const FILTERS = [{ value: 'all', label: 'all' }, { value: 'public', label: 'public ones' }, { value: 'private', label: 'private ones' }, { value: 'ranges', label: 'those in ranges' }];

/** What holds for one zone: times, addresses, names that VMs may not have, the brake, and how often it is compared. */
export function ZoneSettings({ zone }: { readonly zone: Zone }) {
  const may = usePermissions();
  const queries = useQueryClient();
  const provider = useProviders().data?.find((one) => one.name === zone.provider);
  const [draft, setDraft] = useState(() => draftOf(zone));
  const change = (part: Partial<Draft>) => { setDraft((now) => ({ ...now, ...part })); };
  const saving = useMutation({
    mutationFn: () => ask<Zone>(`/v1/zones/${encodeURIComponent(zone.id)}`, { method: 'PATCH', body: { ...draft, settings: { ...emptied(zone.settings, draft.settings), ...draft.settings } } }),
    onSuccess: async (now) => { setDraft(draftOf(now)); sayDone('The settings of the zone hold now; names they concern are planned again'); await queries.invalidateQueries({ queryKey: ['zone', zone.id] }); },
  });
  const faults = faultsIn(saving.error);
  const isSame = JSON.stringify(draft) === JSON.stringify(draftOf(zone));
  const ranges = typeof draft.addresses === 'string' ? undefined : draft.addresses.ranges;
  const every = String(draft.reconcile.everySeconds);
  return (
    <Stack maw={760}>
      <form onSubmit={(event) => { event.preventDefault(); saving.mutate(); }}>
        <Fieldset disabled={!may.operates || zone.state !== 'active'} variant="unstyled">
          <Stack>
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              <Whole label="TTL of A and AAAA (s)" value={draft.ttl.forward} change={(forward) => { change({ ttl: { ...draft.ttl, forward } }); }} error={faults['ttl.forward']} />
              <Whole label="TTL of PTR (s)" value={draft.ttl.reverse} change={(reverse) => { change({ ttl: { ...draft.ttl, reverse } }); }} error={faults['ttl.reverse']} />
              <Select label="Addresses" description="Whose records this entry takes." data={FILTERS} value={ranges === undefined ? draft.addresses as string : 'ranges'} onChange={(value) => { change({ addresses: value === 'ranges' ? { ranges: [] } : value === 'public' || value === 'private' ? value : 'all' }); }} allowDeselect={false} />
              <Select label="Compared with its provider" description="Give or take a tenth." data={SCHEDULES.some((one) => one.value === every) ? SCHEDULES : [...SCHEDULES, { value: every, label: `every ${every} s` }]} value={every} onChange={(value) => { change({ reconcile: { everySeconds: Number(value ?? '0') } }); }} allowDeselect={false} error={faults['reconcile.everySeconds']} />
            </SimpleGrid>
            {ranges !== undefined && <TagsInput label="Ranges" placeholder="192.0.2.0/24, then Enter" value={[...ranges]} onChange={(now) => { change({ addresses: { ranges: now } }); }} error={faults['addresses.ranges'] ?? faults['addresses']} />}
            <TagsInput label="Names that VMs may not have" description="Relative to the apex: @ is the apex itself, ns* a beginning. Empty: nothing is reserved." {...(draft.reservedNames === undefined ? { placeholder: 'the default list: @, www, mail, ns*, …' } : {})} value={[...(draft.reservedNames ?? [])]} onChange={(reservedNames) => { change({ reservedNames }); }} error={faults['reservedNames']} />
            {provider !== undefined && <SchemaForm idPrefix="zone-settings" schema={provider.zoneSchema} values={draft.settings} change={(settings) => { change({ settings }); }} faults={settingFaults(faults)} />}
            <Limits limits={draft.limits} change={(limits) => { change({ limits }); }} faults={faults} />
            {saving.isError && <Trouble error={saving.error} />}
            {may.operates && <Group><Button type="submit" loading={saving.isPending} disabled={isSame || ranges?.length === 0}>Save</Button><Button variant="default" disabled={isSame} onClick={() => { setDraft(draftOf(zone)); saving.reset(); }}>Undo</Button></Group>}
          </Stack>
        </Fieldset>
      </form>
      <BrakeOff zone={zone} />
    </Stack>
  );
}

/** Settings that were taken out of the form are taken away. */
const emptied = (before: Zone['settings'], now: Zone['settings']) => Object.fromEntries(Object.keys(before).filter((field) => now[field] === undefined).map((field) => [field, null]));

/** L13: from where on removals wait for a person. */
function Limits({ limits, change, faults }: { readonly limits: Zone['limits']; readonly change: (limits: Zone['limits']) => void; readonly faults: Readonly<Record<string, string>> }) {
  const percent = (share: number) => Math.round(share * 1000) / 10;
  return (
    <Fieldset legend="Brake: what waits for a person">
      <Text size="sm" c="dimmed" mb="xs">Removals above the share of the zone&apos;s names, unless they are few, or above the number, within the window.</Text>
      <SimpleGrid cols={{ base: 1, xs: 2, sm: 4 }}>
        <Whole label="Share (%)" value={percent(limits.removalShare)} min={0} max={100} change={(value) => { change({ ...limits, removalShare: value / 100 }); }} error={faults['limits.removalShare']} />
        <Whole label="unless fewer than" value={limits.removalNames} change={(removalNames) => { change({ ...limits, removalNames }); }} error={faults['limits.removalNames']} />
        <Whole label="Number" value={limits.removalCount} change={(removalCount) => { change({ ...limits, removalCount }); }} error={faults['limits.removalCount']} />
        <Whole label="Window (s)" value={limits.removalWindowSeconds} max={86_400} change={(removalWindowSeconds) => { change({ ...limits, removalWindowSeconds }); }} error={faults['limits.removalWindowSeconds']} />
        <Whole label="Re-homing: share (%)" value={percent(limits.rehomeShare)} min={0} max={100} change={(value) => { change({ ...limits, rehomeShare: value / 100 }); }} error={faults['limits.rehomeShare']} />
        <Whole label="unless fewer than" value={limits.rehomeNames} change={(rehomeNames) => { change({ ...limits, rehomeNames }); }} error={faults['limits.rehomeNames']} />
      </SimpleGrid>
    </Fieldset>
  );
}

interface WholeProps { readonly label: string; readonly value: number; readonly change: (value: number) => void; readonly min?: number; readonly max?: number; readonly error: string | undefined }

function Whole({ label, value, change, min = 1, max, error }: WholeProps) {
  return <NumberInput label={label} value={value} min={min} {...(max === undefined ? {} : { max })} onChange={(now) => { change(Number(now)); }} error={error} />;
}
