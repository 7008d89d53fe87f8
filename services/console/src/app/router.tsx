import { createBrowserRouter } from 'react-router';
import { Broken } from './broken';
import { Gate } from './gate';
import { NotFound } from './not-found';

/** Every view has an address of its own, and is loaded when it is first looked at. */
export const router = createBrowserRouter([{
  path: '/', Component: Gate, ErrorBoundary: Broken,
  // Inside the shell, so that the way to other views stays.
  children: [{ ErrorBoundary: Broken, children: [
    { index: true, lazy: async () => ({ Component: (await import('../views/overview/overview.view')).Overview }) },
    { path: 'vms', lazy: async () => ({ Component: (await import('../views/vms/vm-list.view')).VmList }) },
    { path: 'vms/:vmId', lazy: async () => ({ Component: (await import('../views/vms/vm.view')).VmPage }) },
    { path: 'explain', lazy: async () => ({ Component: (await import('../views/explain/explain.view')).Explain }) },
    { path: 'zones', lazy: async () => ({ Component: (await import('../views/zones/zone-list.view')).ZoneList }) },
    { path: 'zones/:id', lazy: async () => ({ Component: (await import('../views/zones/zone.view')).ZonePage }) },
    { path: 'plan', lazy: async () => ({ Component: (await import('../views/plan/plan.view')).PlanPage }) },
    { path: 'holds', lazy: async () => ({ Component: (await import('../views/holds/hold-list.view')).HoldList }) },
    { path: 'holds/:id', lazy: async () => ({ Component: (await import('../views/holds/hold.view')).HoldPage }) },
    { path: 'deadletters', lazy: async () => ({ Component: (await import('../views/dead-letters/dead-letter-list.view')).DeadLetterList }) },
    { path: 'deadletters/:id', lazy: async () => ({ Component: (await import('../views/dead-letters/dead-letter.view')).DeadLetterPage }) },
    { path: 'log', lazy: async () => ({ Component: (await import('../views/log/log.view')).LogTail }) },
    { path: 'connections', lazy: async () => ({ Component: (await import('../views/connections/connections.view')).Connections }) },
    { path: 'pauses', lazy: async () => ({ Component: (await import('../views/pauses/pauses.view')).Pauses }) },
    { path: 'tenants', lazy: async () => ({ Component: (await import('../views/tenants/tenants.view')).Tenants }) },
    { path: 'tokens', lazy: async () => ({ Component: (await import('../views/tokens/tokens.view')).Tokens }) },
    { path: 'audit', lazy: async () => ({ Component: (await import('../views/audit/audit.view')).Audit }) },
    { path: 'settings', lazy: async () => ({ Component: (await import('../views/settings/settings.view')).SettingsPage }) },
    { path: '*', Component: NotFound },
  ] }],
}]);
