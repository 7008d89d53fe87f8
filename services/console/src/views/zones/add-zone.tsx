import { Alert, Button, Divider, Group, Modal, NumberInput, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Connection, Zone } from '@vmdns/contracts';
import { useEffect, useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import { ask } from '../../api/client';
import { usePages } from '../../api/pages';
import { useProviders } from '../../api/providers';
import { faultsIn } from '../../shared/faults';
import { sayDone } from '../../shared/say';
import { SchemaForm } from '../../shared/schema-form';
import { Trouble } from '../../shared/trouble';
import { ConnectionFields, EMPTY_CONNECTION, settingFaults, type ConnectionDraft } from '../connections/connection-fields';
import { TestSteps } from './test-steps';
import { useZoneTest } from './use-zone-test';

const NEW = 'new';

/** Everything a zone needs in one dialog: the connection (one there is, or a new one), the zone, and the test of both before saving. */
export function AddZone({ name: startName, close }: { readonly name: string; readonly close: () => void }) {
  const go = useNavigate();
  const queries = useQueryClient();
  const providers = useProviders().data ?? [];
  const connections = usePages<Connection>('/v1/connections', { limit: 500 });
  const [connectionId, setConnectionId] = useState<string | null>(null);
  const [draft, setDraft] = useState<ConnectionDraft>(EMPTY_CONNECTION);
  const [zone, setZone] = useState({ name: startName, mode: 'observe', forward: 300, reverse: 3600, settings: {} as Readonly<Record<string, unknown>> });
  const test = useZoneTest();
  const buttons = useRef<HTMLDivElement>(null);
  // Each step that ends is in sight, with the buttons below it.
  useEffect(() => { if (test.isRunning || test.ok !== undefined || test.error !== null) buttons.current?.scrollIntoView({ block: 'end' }); }, [test.isRunning, test.ok, test.error, test.steps]);
  const chosen = connectionId ?? (connections.isSuccess && connections.items.length === 0 ? NEW : null);
  const provider = providers.find((one) => one.name === (chosen === NEW ? draft.provider : connections.items.find((connection) => connection.id === chosen)?.provider));
  const isComplete = zone.name.trim() !== '' && provider !== undefined && (chosen !== NEW || draft.name.trim() !== '');

  const saving = useMutation({
    mutationFn: async () => {
      let id = chosen;
      if (id === NEW || id === null) {
        const made = await ask<Connection>('/v1/connections', { method: 'POST', body: draft });
        id = made.id;
        // Were the zone refused now, the connection is there: a second try must not make another.
        setConnectionId(id);
        await queries.invalidateQueries({ queryKey: ['/v1/connections'] });
      }
      return ask<Zone>('/v1/zones', { method: 'POST', body: { name: zone.name.trim(), connectionId: id, mode: zone.mode, ttl: { forward: zone.forward, reverse: zone.reverse }, settings: zone.settings } });
    },
    onSuccess: async (made) => { sayDone(`${made.name} is added${made.mode === 'observe' ? ', and only observed for now' : ''}`); await queries.invalidateQueries(); await go(`/zones/${made.id}`); },
  });
  const faults = faultsIn(saving.error);
  const runTest = () => { test.run({ name: zone.name.trim(), settings: zone.settings, ...(chosen === NEW ? { connection: { provider: draft.provider ?? '', settings: draft.settings } } : { connectionId: chosen ?? '' }) }); };
  return (
    <Modal opened onClose={close} title="Add zone" size="lg" closeOnClickOutside={false} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={(event) => { event.preventDefault(); saving.mutate(); }}>
        <Stack>
          <TextInput label="Zone" description="Its apex, such as example.com, 2.0.192.in-addr.arpa or 8.b.d.0.1.0.0.2.ip6.arpa." value={zone.name} onChange={(event) => { setZone({ ...zone, name: event.currentTarget.value }); }} error={faults['name']} required data-autofocus />
          <Select label="Connection" value={chosen} onChange={setConnectionId} allowDeselect={false} required data={[...connections.items.map((one) => ({ value: one.id, label: `${one.name} (${one.provider})` })), { value: NEW, label: 'A new connection …' }]} />
          {chosen === NEW && <Stack gap="sm" pl="md" style={{ borderLeft: '3px solid var(--mantine-color-default-border)' }}><ConnectionFields draft={draft} change={setDraft} providers={providers} faults={faults} /></Stack>}
          {provider !== undefined && <SchemaForm key={`zone ${provider.name}`} idPrefix="zone" schema={provider.zoneSchema} values={zone.settings} change={(settings) => { setZone({ ...zone, settings }); }} faults={chosen === NEW ? {} : settingFaults(faults)} />}
          <Group grow><NumberInput label="TTL of A and AAAA (s)" value={zone.forward} min={1} onChange={(value) => { setZone({ ...zone, forward: Number(value) }); }} /><NumberInput label="TTL of PTR (s)" value={zone.reverse} min={1} onChange={(value) => { setZone({ ...zone, reverse: Number(value) }); }} /></Group>
          <div>
            <Text size="sm" fw={500} id="zone-mode">Mode</Text>
            <SegmentedControl aria-labelledby="zone-mode" value={zone.mode} onChange={(mode) => { setZone({ ...zone, mode }); }} data={[{ value: 'observe', label: 'Observe: plan, write nothing' }, { value: 'write', label: 'Write' }]} />
          </div>
          <Divider />
          {(test.steps.length > 0 || test.isRunning) && <TestSteps steps={test.steps} isRunning={test.isRunning} />}
          {test.error !== null && <Trouble error={test.error} />}
          {test.ok === true && <Alert color="teal" role="status">The test went well.</Alert>}
          {test.ok === false && <Alert color="orange" role="status">Something is not as it must be. Mend what the red step says, and test again; saving is possible all the same, names then wait.</Alert>}
          {saving.isError && <Trouble error={saving.error} />}
          <Group justify="flex-end" ref={buttons}>
            <Button variant="default" onClick={close}>Cancel</Button>
            <Button variant="default" onClick={runTest} loading={test.isRunning} disabled={!isComplete}>Test zone</Button>
            <Button type="submit" loading={saving.isPending} disabled={!isComplete}>Save</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
