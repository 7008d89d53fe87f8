import { Button, Fieldset, Group, NumberInput, SegmentedControl, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Settings } from '@vmdns/contracts';
import { useState } from 'react';
import { ask } from '../../api/client';
import { usePermissions } from '../../api/session';
import { faultsIn } from '../../shared/faults';
import { Loading } from '../../shared/loading';
import { PageHead } from '../../shared/page-head';
import { sayDone } from '../../shared/say';
import { Trouble } from '../../shared/trouble';

/** What holds for all zones: main domains, rules, templates of reverse names, brakes. */
export function SettingsPage() {
  const settings = useQuery({ queryKey: ['settings'], queryFn: ({ signal }) => ask<Settings>('/v1/settings', { signal }) });
  return (
    <>
      <PageHead title="Settings" />
      {settings.isPending && <Loading />}
      {settings.isLoadingError && <Trouble error={settings.error} retry={() => { void settings.refetch(); }} />}
      {settings.data !== undefined && <Edit key={JSON.stringify(settings.data)} stored={settings.data} />}
    </>
  );
}

function Edit({ stored }: { readonly stored: Settings }) {
  const may = usePermissions();
  const queries = useQueryClient();
  const [settings, setSettings] = useState(stored);
  const [domains, setDomains] = useState(pairsText(stored.tenantDomains));
  const [templates, setTemplates] = useState(templatesText(stored));
  const change = (part: Partial<Settings>) => { setSettings((now) => ({ ...now, ...part })); };
  const saving = useMutation({
    mutationFn: () => ask<Settings>('/v1/settings', { method: 'PUT', body: { ...settings, ownDomains: linesOf(settings.ownDomains.join('\n')), ownRanges: linesOf(settings.ownRanges.join('\n')), tenantDomains: Object.fromEntries(linesOf(domains).map((line) => pair(line))), ptrTemplates: linesOf(templates).map((line) => { const [range, pattern] = pair(line); return { range, pattern }; }) } }),
    onSuccess: async (now) => { sayDone('The settings hold now; names they concern are planned again'); queries.setQueryData(['settings'], now); await queries.invalidateQueries({ queryKey: ['overview'] }); },
  });
  const faults = faultsIn(saving.error);
  const brake = settings.brakes.vmDeletions;
  return (
    <form onSubmit={(event) => { event.preventDefault(); saving.mutate(); }}>
      <Fieldset disabled={!may.operates} variant="unstyled">
        <Stack maw={640}>
          <TextInput label="Main domain" description="Of VMs that have a host name only." value={settings.mainDomain ?? ''} onChange={(event) => { change({ mainDomain: event.currentTarget.value.trim() === '' ? null : event.currentTarget.value }); }} error={faults['mainDomain']} />
          <Textarea label="Main domains of tenants" description="One a line: tenant and domain." autosize minRows={2} value={domains} onChange={(event) => { setDomains(event.currentTarget.value); }} error={faults['tenantDomains']} classNames={{ input: 'mono' }} />
          <Choice label="Addresses with forward records" value={settings.forwardAddresses} data={['primary', 'all']} change={(value) => { change({ forwardAddresses: value === 'all' ? 'all' : 'primary' }); }} />
          <Choice label="Zones that get a name" value={settings.zoneMatch} data={['closest', 'every']} change={(value) => { change({ zoneMatch: value === 'every' ? 'every' : 'closest' }); }} />
          <Textarea label="Templates of reverse names" description="One a line: range and pattern; {ip-dashed} is 192-0-2-5. The first range that holds an address counts." autosize minRows={2} value={templates} onChange={(event) => { setTemplates(event.currentTarget.value); }} error={faults['ptrTemplates']} classNames={{ input: 'mono' }} />
          <Textarea label="Own domains" description="One a line. Names in these wait for a zone; others are none of ours." autosize minRows={2} value={settings.ownDomains.join('\n')} onChange={(event) => { change({ ownDomains: event.currentTarget.value.split('\n') }); }} error={faults['ownDomains']} classNames={{ input: 'mono' }} />
          <Textarea label="Own ranges" description="One a line, such as 192.0.2.0/24." autosize minRows={2} value={settings.ownRanges.join('\n')} onChange={(event) => { change({ ownRanges: event.currentTarget.value.split('\n') }); }} error={faults['ownRanges']} classNames={{ input: 'mono' }} />
          <div>
            <Text size="sm" fw={500}>Brake on deletions by one source</Text>
            <Group grow align="end">
              <NumberInput label="VMs at least" value={brake.count} min={1} onChange={(value) => { change({ brakes: { vmDeletions: { ...brake, count: Number(value) } } }); }} />
              <NumberInput label="or percent of its VMs" value={Math.round(brake.share * 10_000) / 100} min={0} max={100} onChange={(value) => { change({ brakes: { vmDeletions: { ...brake, share: Number(value) / 100 } } }); }} />
              <NumberInput label="within seconds" value={brake.windowSeconds} min={1} onChange={(value) => { change({ brakes: { vmDeletions: { ...brake, windowSeconds: Number(value) } } }); }} />
            </Group>
          </div>
          {saving.isError && <Trouble error={saving.error} />}
          {may.operates && <Group><Button type="submit" loading={saving.isPending}>Save</Button><Button variant="default" onClick={() => { setSettings(stored); setDomains(pairsText(stored.tenantDomains)); setTemplates(templatesText(stored)); saving.reset(); }}>Undo</Button></Group>}
        </Stack>
      </Fieldset>
    </form>
  );
}

function Choice({ label, value, data, change }: { readonly label: string; readonly value: string; readonly data: string[]; readonly change: (value: string) => void }) {
  return <div><Text size="sm" fw={500} component="div">{label}</Text><SegmentedControl aria-label={label} value={value} data={data} onChange={change} /></div>;
}

const linesOf = (text: string) => text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
const pair = (line: string): [string, string] => { const [head = '', ...rest] = line.split(/\s+/); return [head, rest.join(' ')]; };
const templatesText = ({ ptrTemplates }: Settings) => ptrTemplates.map((one) => `${one.range} ${one.pattern}`).join('\n');
const pairsText = (pairs: Readonly<Record<string, string>>) => Object.entries(pairs).map(([key, value]) => `${key} ${value}`).join('\n');
