import { LegacyEntry } from '@vmdns/contracts';
import { z } from 'zod';
import { call, WATCHERS } from '../http/call.js';

const feed = (id: string, path: string) => call({
  id, method: 'get', path, tag: 'Bridges', opensTo: 'listed', roles: WATCHERS, forTenants: false,
  summary: 'Every address that has a name both ways, as the PUQ module told it; without a token only for the addresses of LEGACY_ALLOW. What is refused or in conflict is left out.',
  answers: { 200: { text: 'All of them.', schema: z.array(LegacyEntry) } },
});

export const legacyCalls = {
  feed: feed('legacyFeed', '/legacy/dns.php'),
  /** Where the module itself has it, so that a reader changes the host name alone. */
  feedOfPuq: feed('legacyFeedOfPuq', '/modules/servers/puqProxmoxKVM/lib/dns/dns.php'),
};
