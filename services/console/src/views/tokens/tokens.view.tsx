import { Alert, Button, Code, CopyButton, Group, Modal, Select, Stack, Table, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { NewToken, Role, Token } from '@vmdns/contracts';
import { useState } from 'react';
import { ask } from '../../api/client';
import { usePages } from '../../api/pages';
import { Confirm } from '../../shared/confirm';
import { Loading } from '../../shared/loading';
import { PageHead } from '../../shared/page-head';
import { sayDone } from '../../shared/say';
import { StateBadge } from '../../shared/state-badge';
import { Trouble } from '../../shared/trouble';
import { When } from '../../shared/when';

/** Who may call: list, make, revoke. */
export function Tokens() {
  const queries = useQueryClient();
  const [isMaking, setMaking] = useState(false);
  const [leaving, setLeaving] = useState<Token | null>(null);
  const tokens = usePages<Token>('/v1/tokens', { limit: 500 });
  const revoke = useMutation({ mutationFn: (token: Token) => ask(`/v1/tokens/${encodeURIComponent(token.id)}`, { method: 'DELETE' }), onSuccess: async (_done, token) => { setLeaving(null); sayDone(`${token.name} is refused everywhere within seconds`); await queries.invalidateQueries({ queryKey: ['/v1/tokens'] }); } });
  return (
    <>
      <PageHead title="Tokens"><Button onClick={() => { setMaking(true); }}>New token</Button></PageHead>
      {tokens.isPending && <Loading />}
      {tokens.isLoadingError && <Trouble error={tokens.error} retry={() => { void tokens.refetch(); }} />}
      {tokens.items.length > 0 && (
        <Table.ScrollContainer minWidth={720}>
          <Table aria-label="Tokens">
            <Table.Thead><Table.Tr><Table.Th>Name</Table.Th><Table.Th>Role</Table.Th><Table.Th>Tenant</Table.Th><Table.Th>Made</Table.Th><Table.Th>By</Table.Th><Table.Th>Last used</Table.Th><Table.Th>State</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>{tokens.items.map((token) => (
              <Table.Tr key={token.id}>
                <Table.Td className="mono">{token.name}</Table.Td><Table.Td>{token.role}</Table.Td><Table.Td>{token.tenant ?? '–'}</Table.Td><Table.Td><When at={token.createdAt} relative /></Table.Td><Table.Td>{token.createdBy}</Table.Td><Table.Td><When at={token.lastUsedAt} relative /></Table.Td>
                <Table.Td>{token.revokedAt === null ? <Button size="compact-xs" variant="default" onClick={() => { setLeaving(token); }} aria-label={`Revoke ${token.name}`}>Revoke</Button> : <><StateBadge state="revoked" /> <When at={token.revokedAt} relative /></>}</Table.Td>
              </Table.Tr>
            ))}</Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <MakeToken opened={isMaking} close={() => { setMaking(false); }} />
      {leaving !== null && <Confirm title={`Revoke ${leaving.name}?`} word="Revoke" isDanger isRunning={revoke.isPending} error={revoke.error} confirm={() => { revoke.mutate(leaving); }} close={() => { setLeaving(null); revoke.reset(); }}>Whoever uses it is refused within seconds. This cannot be undone; a new token can be made.</Confirm>}
    </>
  );
}

const ROLES: readonly { readonly value: Role; readonly label: string }[] = [
  { value: 'publisher', label: 'publisher: tells of VMs' }, { value: 'viewer', label: 'viewer: looks' }, { value: 'operator', label: 'operator: zones, connections, holds' }, { value: 'admin', label: 'admin: tokens too' },
];

function MakeToken({ opened, close }: { readonly opened: boolean; readonly close: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [role, setRole] = useState<string | null>('publisher');
  const [tenant, setTenant] = useState('');
  const mayHaveTenant = role === 'publisher' || role === 'viewer';
  const making = useMutation({
    // What was typed before another role was chosen is not seen any more, and not meant.
    mutationFn: () => ask<NewToken>('/v1/tokens', { method: 'POST', body: { name: name.trim(), role, ...(tenant.trim() === '' || !mayHaveTenant ? {} : { tenant: tenant.trim() }) } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['/v1/tokens'] }),
  });
  const leave = () => { making.reset(); setName(''); setRole('publisher'); setTenant(''); close(); };
  return (
    <Modal opened={opened} onClose={leave} title="New token" closeOnClickOutside={making.data === undefined} closeButtonProps={{ 'aria-label': 'Close' }}>
      {making.data !== undefined ? (
        <Stack>
          <Alert color="yellow" title="Shown this once">Copy it now; vmdns keeps only its fingerprint.</Alert>
          <Code block aria-label="The new token">{making.data.token}</Code>
          <Group justify="flex-end"><CopyButton value={making.data.token}>{({ copied, copy }) => <Button variant="default" onClick={copy}>{copied ? 'Copied' : 'Copy'}</Button>}</CopyButton><Button onClick={leave}>Done</Button></Group>
        </Stack>
      ) : (
        <form onSubmit={(event) => { event.preventDefault(); making.mutate(); }}>
          <Stack>
            <TextInput label="Name" description="Facts carry it as their source." value={name} onChange={(event) => { setName(event.currentTarget.value); }} required data-autofocus />
            <Select label="Role" data={[...ROLES]} value={role} onChange={setRole} allowDeselect={false} />
            {mayHaveTenant && <TextInput label="Tenant" description="It then sees and touches only this tenant; empty: all." value={tenant} onChange={(event) => { setTenant(event.currentTarget.value); }} />}
            {making.isError && <Trouble error={making.error} />}
            <Group justify="flex-end"><Button variant="default" onClick={leave}>Cancel</Button><Button type="submit" loading={making.isPending} disabled={name.trim() === ''}>Make</Button></Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
