import type { Fact, FactAddress } from '../planning/fact.js';
import { DEFAULT_SETTINGS, type PlanningSettings } from '../planning/planning-settings.js';
import type { ZoneView } from '../planning/zone-view.js';

/** An address of a VM; what is not given is the plainest. */
export const anAddress = (ip: string, over: Partial<FactAddress> = {}): FactAddress => ({ ip, forward: false, ptr: null, customerPtr: null, claim: 1, ...over });

/** A VM named web.example.com. with one address; what is not given is the plainest. */
export const aFact = (over: Partial<Fact> = {}): Fact => ({
  vmId: 'vm-1', tenant: null, source: 'test', life: 1, uid: null, version: null, revision: 1, deleted: false, fqdn: 'web.example.com.', hostname: null, domain: null,
  shareName: false, nameClaim: 1, addresses: [anAddress('192.0.2.5')], labels: {}, changedAt: '2026-01-01T00:00:00Z', ...over,
});

let sequence = 0;
/** A zone entry in mode write that takes all addresses; its id is the apex unless given. */
export const aZone = (apex: string, over: Partial<ZoneView> = {}): ZoneView => {
  sequence += 1;
  return { zoneId: apex, apex, provider: 'memory', connectionId: 'c1', mode: 'write', ttl: { forward: 300, reverse: 3600 }, addresses: 'all', leaving: false, createdSeq: sequence, ...over };
};

export const someSettings = (over: Partial<PlanningSettings> = {}): PlanningSettings => ({ ...DEFAULT_SETTINGS, ...over });
