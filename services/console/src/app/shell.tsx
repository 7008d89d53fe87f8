import { ActionIcon, Anchor, AppShell, Burger, Group, Menu, NavLink, ScrollArea, Text, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Session } from '@vmdns/contracts';
import { Suspense } from 'react';
import { Link, NavLink as RouterLink, Outlet, useLocation } from 'react-router';
import { enter, permissionsOf, signOut, type Permissions } from '../api/session';
import { Loading } from '../shared/loading';
import { sayFailed } from '../shared/say';
import { ExplainBox } from './explain-box';
import { StaleNotice } from './stale-notice';

interface Place { readonly to: string; readonly label: string; readonly shown: (may: Permissions) => boolean }

const PLACES: readonly Place[] = [
  { to: '/', label: 'Overview', shown: () => true },
  { to: '/vms', label: 'VMs', shown: () => true },
  { to: '/zones', label: 'Zones', shown: (may) => may.session.tenant === null },
  { to: '/plan', label: 'Plan', shown: (may) => may.publishes && may.session.tenant === null },
  { to: '/holds', label: 'Holds', shown: (may) => may.watches },
  { to: '/deadletters', label: 'Dead letters', shown: (may) => may.watches },
  { to: '/log', label: 'Log', shown: (may) => may.session.tenant === null },
  { to: '/connections', label: 'Connections', shown: (may) => may.watches },
  { to: '/pauses', label: 'Pauses', shown: (may) => may.watches },
  { to: '/tenants', label: 'Tenants', shown: (may) => may.watches },
  { to: '/settings', label: 'Settings', shown: (may) => may.watches },
  { to: '/audit', label: 'Who did what', shown: (may) => may.administers },
  { to: '/tokens', label: 'Tokens', shown: (may) => may.administers },
];

/** Head, way-finding and the view. */
export function Shell({ session }: { readonly session: Session }) {
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const { pathname } = useLocation();
  const may = permissionsOf(session);
  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 200, breakpoint: 'sm', collapsed: { mobile: !isOpen } }} padding="md">
      <AppShell.Header>
        <Group h="100%" px="md" gap="md" wrap="nowrap">
          <Burger opened={isOpen} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={isOpen ? 'Close the menu' : 'Open the menu'} />
          <Anchor component={Link} to="/" fw={700} underline="never" c="var(--mantine-color-text)">vmdns</Anchor>
          <ExplainBox />
          <Group gap="xs" ml="auto" wrap="nowrap"><SchemeSwitch /><Person session={session} /></Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Views">
        <ScrollArea>
          {PLACES.filter((place) => place.shown(may)).map((place) => (
            <NavLink key={place.to} component={RouterLink} to={place.to} end={place.to === '/'} label={place.label} onClick={close}
              active={place.to === '/' ? pathname === '/' : pathname === place.to || pathname.startsWith(`${place.to}/`)} />
          ))}
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main><StaleNotice /><Suspense fallback={<Loading />}><Outlet /></Suspense></AppShell.Main>
    </AppShell>
  );
}

function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const other = scheme === 'dark' ? 'light' : 'dark';
  return <ActionIcon variant="default" size="lg" onClick={() => { setColorScheme(other); }} aria-label={`Show in ${other} colours`}>{scheme === 'dark' ? '☀' : '☾'}</ActionIcon>;
}

function Person({ session }: { readonly session: Session }) {
  const queries = useQueryClient();
  const leaving = useMutation({ mutationFn: signOut, onSuccess: () => { enter(queries, null); }, onError: sayFailed });
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target><ActionIcon variant="default" size="lg" aria-label={`Signed in as ${session.name}`}>{session.name.slice(0, 1).toUpperCase()}</ActionIcon></Menu.Target>
      <Menu.Dropdown>
        <Menu.Label><Text size="sm">{session.name}</Text>{session.role}{session.tenant === null ? '' : ` of ${session.tenant}`}</Menu.Label>
        <Menu.Item onClick={() => { leaving.mutate(); }}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
