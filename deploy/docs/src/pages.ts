import { fileURLToPath } from 'node:url';
import { configurationPage } from './configuration-page.js';
import { envExample } from './env-example.js';
import { natsPage } from './nats-page.js';
import { readmeWithProviders } from './provider-table.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** What `npm run docs` writes. */
export const PAGES: readonly { readonly path: string; readonly render: () => string | Promise<string> }[] = [
  { path: 'deploy/docs/configuration.md', render: configurationPage },
  { path: 'deploy/docs/nats.md', render: natsPage },
  { path: '.env.example', render: envExample },
  { path: 'README.md', render: readmeWithProviders },
];

/** Where a page of this working tree lies. */
export const fileOf = (path: string): string => `${ROOT}${path}`;
