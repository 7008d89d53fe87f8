import type { Zone } from '@vmdns/contracts';

/** What a vmdns answers about its zones, providers and connections. */
export const zone: Zone = {
  id: 'z1', name: 'example.com.', connectionId: 'c1', provider: 'powerdns', mode: 'write', ttl: { forward: 300, reverse: 3600 }, addresses: 'all', limits: { rehomeShare: 0.3, rehomeNames: 20, removalShare: 0.3, removalNames: 20, removalCount: 500, removalWindowSeconds: 600 },
  reconcile: { everySeconds: 86_400 }, settings: {}, state: 'active', paused: false, createdAt: '2026-11-21T12:00:00.000Z', revision: 1, counts: { applied: 12, failed: 1, pending: 0 },
};
export const providers = {
  items: [{
    name: 'powerdns', capabilities: {}, seenAt: '2026-11-21T12:00:00.000Z', zoneSchema: { type: 'object', properties: { rectify: { type: 'boolean' } } },
    connectionSchema: { type: 'object', required: ['url', 'apiKey'], properties: { url: { type: 'string', format: 'uri' }, apiKey: { type: 'string', writeOnly: true }, port: { type: 'integer' } } },
  }],
};
export const connection = { id: 'c1', name: 'ns1', provider: 'powerdns', settings: { url: 'http://ns1:8081' }, secrets: ['apiKey'], paused: false, createdAt: '2026-11-21T12:00:00.000Z', revision: 1 };
