import { Button, Group, Select, Stack, Switch, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Connection, PauseMade, Zone } from '@vmdns/contracts';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { ask } from '../../api/client';
import { usePages } from '../../api/pages';
import { useProviders } from '../../api/providers';
import { usePermissions } from '../../api/session';
import { Confirm } from '../../shared/confirm';
import { faultsIn } from '../../shared/faults';
import { sayDone } from '../../shared/say';
import { SchemaForm } from '../../shared/schema-form';
import { settingFaults } from '../connections/connection-fields';
import { EMPTY_STOP, stopBody, StopFields, stoppedText } from '../pauses/stop-fields';

type Asked = 'pause' | 'move' | 'release' | 'remove';
const pathOf = (zone: Zone) => `/v1/zones/${encodeURIComponent(zone.id)}`;

/** What can be done with a zone as a whole; each is asked about first. */
export function ZoneActions({ zone }: { readonly zone: Zone }) {
  const may = usePermissions();
  const go = useNavigate();
  const [asked, setAsked] = useState<Asked | null>(null);
  if (!may.operates || zone.state !== 'active') return null;
  const close = () => { setAsked(null); };
  return (
    <>
      {zone.paused ? <Button size="xs" variant="default" onClick={() => { void go('/pauses'); }}>Resume …</Button> : <Button size="xs" color="red" variant="light" onClick={() => { setAsked('pause'); }}>Pause</Button>}
      <Button size="xs" variant="default" onClick={() => { setAsked('move'); }}>Move</Button>
      <Button size="xs" variant="default" onClick={() => { setAsked('release'); }}>Hand back</Button>
      <Button size="xs" variant="default" onClick={() => { setAsked('remove'); }}>Remove</Button>
      {asked === 'pause' && <PauseZone zone={zone} close={close} />}
      {asked === 'move' && <MoveZone zone={zone} close={close} />}
      {asked === 'release' && <ReleaseZone zone={zone} close={close} />}
      {asked === 'remove' && <RemoveZone zone={zone} close={close} />}
    </>
  );
}

interface ActionProps { readonly zone: Zone; readonly close: () => void }

/** Does it, says so, and shows everything afresh. */
function useAction<T>(act: () => Promise<T>, close: () => void, said: (answer: T) => string, then?: (answer: T) => void) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: act, onSuccess: async (answer) => { close(); sayDone(said(answer)); then?.(answer); await queries.invalidateQueries(); } });
}

function PauseZone({ zone, close }: ActionProps) {
  const [draft, setDraft] = useState(EMPTY_STOP);
  const act = useAction(() => ask<PauseMade>('/v1/pause', { method: 'POST', body: { scope: { kind: 'zone', id: zone.id }, ...stopBody(draft) } }), close, (made) => stoppedText(`Writing ${zone.name} is stopped`, made));
  return (
    <Confirm title={`Pause ${zone.name}`} word="Pause" isDanger isRunning={act.isPending} error={act.error} confirm={() => { act.mutate(); }} close={close}>
      <Text size="sm">Facts are taken in and planned; only writing at the provider waits.</Text>
      <Group align="end"><StopFields draft={draft} change={setDraft} /></Group>
    </Confirm>
  );
}

function MoveZone({ zone, close }: ActionProps) {
  const go = useNavigate();
  const providers = useProviders().data ?? [];
  const connections = usePages<Connection>('/v1/connections', { limit: 500 });
  const [target, setTarget] = useState<string | null>(null);
  const [purge, setPurge] = useState(false);
  const [settings, setSettings] = useState<Readonly<Record<string, unknown>>>({});
  const schema = providers.find((one) => one.name === connections.items.find((connection) => connection.id === target)?.provider)?.zoneSchema;
  const act = useAction(() => ask<Zone>(`${pathOf(zone)}/move`, { method: 'POST', body: { connectionId: target, purge, ...(Object.keys(settings).length === 0 ? {} : { settings }) } }), close, () => `${zone.name} is added there first, then given up here`, (made) => { void go(`/zones/${made.id}`); });
  const others = connections.items.filter((one) => one.id !== zone.connectionId);
  return (
    <Confirm title={`Move ${zone.name}`} word="Move" isDisabled={target === null} isRunning={act.isPending} error={act.error} confirm={() => { act.mutate(); }} close={close}>
      <Stack>
        <Text size="sm">The records are made there first; only then is this entry given up.</Text>
        <Select label="To the connection" data={others.map((one) => ({ value: one.id, label: `${one.name} (${one.provider})` }))} value={target} onChange={(id) => { setTarget(id); setSettings({}); }} {...(connections.isSuccess && others.length === 0 ? { description: 'There is no other connection; make one under Connections.' } : {})} />
        {schema !== undefined && <SchemaForm key={target} idPrefix="move" schema={schema} values={settings} change={setSettings} faults={settingFaults(faultsIn(act.error))} />}
        <Switch label="Remove our records at the old server too, each when the new one has it" checked={purge} onChange={(event) => { setPurge(event.currentTarget.checked); }} />
      </Stack>
    </Confirm>
  );
}

function ReleaseZone({ zone, close }: ActionProps) {
  const act = useAction(() => ask<Zone>(`${pathOf(zone)}/release`, { method: 'POST' }), close, () => `${zone.name} is handed back: its records stay, and nothing there is ours any more`);
  return <Confirm title={`Hand back ${zone.name}`} word="Hand back" isRunning={act.isPending} error={act.error} confirm={() => { act.mutate(); }} close={close}>All records stay as they are, none of them is ours any more, and the zone is only observed from now on. The way back: take over, then write.</Confirm>;
}

function RemoveZone({ zone, close }: ActionProps) {
  const go = useNavigate();
  const [purge, setPurge] = useState(false);
  const act = useAction(() => ask<Zone>(`${pathOf(zone)}?purge=${String(purge)}`, { method: 'DELETE' }), close, () => `${zone.name} is on its way out`, () => { void go('/zones'); });
  return (
    <Confirm title={`Remove ${zone.name} from vmdns`} word="Remove" isDanger isRunning={act.isPending} error={act.error} confirm={() => { act.mutate(); }} close={close}>
      <Text size="sm">Its names go back to the next zone that encloses them, or wait. The zone itself stays at the provider.</Text>
      <Switch label="Remove our records there first" checked={purge} onChange={(event) => { setPurge(event.currentTarget.checked); }} />
    </Confirm>
  );
}
