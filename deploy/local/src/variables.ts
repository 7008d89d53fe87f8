import { ADAPTERS_PRESET, PORTS } from './settings.js';

/** A line of deploy/docs/configuration.md. */
export interface Variable { readonly name: string; readonly type: string; readonly preset: string; readonly meaning: string }

const ports = Object.values(PORTS).map(({ variable, preset, what }): Variable => ({
  name: variable, type: 'integer 1..65535', preset: `\`${preset}\``, meaning: `The loopback port of ${what}.`,
}));

/** What `npm start` and `npm run demo` read; the services they start get their own variables from them. */
export const VARIABLES: readonly Variable[] = [
  { name: 'VMDNS_HOME', type: 'folder', preset: '`.vmdns`', meaning: 'All state of the local stack: databases, streams, keys, secrets, logs, `endpoints.json`. Relative to the working tree.' },
  ...ports,
  { name: 'VMDNS_DEMO', type: '`0` or `1`', preset: '`1`', meaning: '`0` starts without demo zones and without a sample VM.' },
  { name: 'VMDNS_ADAPTERS', type: 'providers, with commas, or `all`', preset: `\`${ADAPTERS_PRESET}\``, meaning: 'Whose adapters are started: the folders `services/adapter-…`.' },
  { name: 'VMDNS_LOG_LEVEL', type: '`debug`, `info`, `warn`, `error`, `silent`', preset: '`info`', meaning: 'The `LOG_LEVEL` of every service.' },
  { name: 'VMDNS_TOOLS', type: 'folder', preset: '`tools` in the home', meaning: 'Where downloaded packages of nats-server and PowerDNS are unpacked; several homes may share it.' },
  { name: 'NATS_SERVER', type: 'file', preset: 'found in `PATH`, else downloaded', meaning: 'The nats-server to run.' },
  { name: 'PDNS_SERVER', type: 'file', preset: 'found in `PATH`, else downloaded', meaning: 'The pdns_server to run.' },
  { name: 'PDNS_MODULE_DIR', type: 'folder', preset: 'the one it was built with', meaning: 'Where that pdns_server finds its backends.' },
];
