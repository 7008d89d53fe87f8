import { Select, Stack, TextInput } from '@mantine/core';
import type { Provider } from '@vmdns/contracts';
import { SchemaForm } from '../../shared/schema-form';

export interface ConnectionDraft { readonly name: string; readonly provider: string | null; readonly settings: Readonly<Record<string, unknown>> }
export const EMPTY_CONNECTION: ConnectionDraft = { name: '', provider: null, settings: {} };

interface ConnectionFieldsProps { readonly draft: ConnectionDraft; readonly change: (draft: ConnectionDraft) => void; readonly providers: readonly Provider[]; readonly faults?: Readonly<Record<string, string>> }

/** What makes a connection: a name, a provider, and the form that the provider asks for. */
export function ConnectionFields({ draft, change, providers, faults = {} }: ConnectionFieldsProps) {
  const provider = providers.find((one) => one.name === draft.provider);
  return (
    <Stack gap="sm">
      <TextInput label="Name of the connection" description="For people: ns1, Cloudflare of the web team." value={draft.name} onChange={(event) => { change({ ...draft, name: event.currentTarget.value }); }} error={faults['name']} required maxLength={128} />
      <Select label="Provider" description="Those whose adapters run now." data={providers.map((one) => one.name)} value={draft.provider} onChange={(name) => { change({ ...draft, provider: name, settings: {} }); }} allowDeselect={false} required />
      {provider !== undefined && <SchemaForm key={provider.name} idPrefix="connection" schema={provider.connectionSchema} values={draft.settings} change={(settings) => { change({ ...draft, settings }); }} faults={settingFaults(faults)} />}
    </Stack>
  );
}

/** Of all faults those of the settings' fields, by field. */
export const settingFaults = (faults: Readonly<Record<string, string>>): Record<string, string> => Object.fromEntries(Object.entries(faults).filter(([path]) => path.startsWith('settings.')).map(([path, message]) => [path.slice('settings.'.length), message]));
