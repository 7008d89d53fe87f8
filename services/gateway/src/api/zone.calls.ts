import { z } from 'zod';
import { AddressFilter, AdoptDifferent, Adoption, DriftKind, HandedNames, Id, ProviderName, ReconcileSettings, Zone, ZoneChanged, ZoneDrift, ZoneLimits, ZoneMode, ZoneRecord, ZoneTest } from '@vmdns/contracts';
import { call, OPERATORS, pageOf, pageQuery, READERS } from '../http/call.js';
import { flag, idParams, instant } from './fields.js';

const ttlSeconds = z.int().min(1).max(2_147_483_647);
const Settings = z.record(z.string().min(1).max(64), z.unknown());
const reservedNames = z.array(z.string().min(1).max(255)).max(1000).describe('Owner names relative to the apex (`@` is the apex, `ns*` a beginning) that VMs may not have; absent: the default list.');
const zoneName = z.string().min(1).max(255).describe('The apex, such as `example.com` or `2.0.192.in-addr.arpa`.');

const Handed = z.strictObject({ name: z.string().min(1).max(255), zoneId: Id.optional().describe('Only in this zone; else in every zone that has the name.'), why: z.string().max(500).default('').describe('For those who wonder.') });

const { rehomeShare, rehomeNames, removalShare, removalNames, removalCount, removalWindowSeconds } = ZoneLimits.shape;
/** Without defaults: what is not named stays. */
const ChangedLimits = z.strictObject({
  rehomeShare: rehomeShare.unwrap(), rehomeNames: rehomeNames.unwrap(), removalShare: removalShare.unwrap(), removalNames: removalNames.unwrap(), removalCount: removalCount.unwrap(), removalWindowSeconds: removalWindowSeconds.unwrap(),
}).partial();

/** A zone as it is added; strict, so that a mistyped field is a fault and not a default. */
export const ZoneBody = z.strictObject({
  name: zoneName, connectionId: Id, mode: ZoneMode.default('write').describe('`observe` plans and compares, and writes nothing.'),
  ttl: z.strictObject({ forward: ttlSeconds.default(300), reverse: ttlSeconds.default(3600) }).prefault({}),
  addresses: AddressFilter.default('all'), reservedNames: reservedNames.optional(),
  limits: z.strictObject(ZoneLimits.shape).prefault({}),
  reconcile: z.strictObject(ReconcileSettings.shape).prefault({}).describe('How often the zone is compared with its provider, give or take a tenth; 0: only when asked.'),
  settings: Settings.default({}),
});
/** What may change; parts of `ttl` and `limits` that are not named stay. A setting of null is taken away. */
export const ZoneChange = z.strictObject({
  mode: ZoneMode, ttl: z.strictObject({ forward: ttlSeconds, reverse: ttlSeconds }).partial(), addresses: AddressFilter, reservedNames,
  limits: ChangedLimits, brakeOff: z.strictObject({ until: instant, why: z.string().max(500).default('') }).nullable().describe('Until then removals in this zone are not held (L13); null ends it.'), reconcile: z.strictObject(ReconcileSettings.shape), settings: Settings,
}).partial();
export type ZoneChange = z.infer<typeof ZoneChange>;

/** A zone that is tried before it is saved, over a saved connection or one that is not saved either. */
export const ZoneTrial = z.strictObject({
  name: zoneName, connectionId: Id.optional(),
  connection: z.strictObject({ provider: ProviderName, settings: Settings }).optional(),
  settings: Settings.default({}),
}).refine((trial) => (trial.connectionId === undefined) !== (trial.connection === undefined), { message: 'give connectionId or connection, one of both', path: ['connectionId'] });
export type ZoneTrial = z.infer<typeof ZoneTrial>;

const common = { tag: 'Zones', roles: OPERATORS, forTenants: false } as const;
const one = (status: number, text: string) => ({ [status]: { text, schema: Zone } });
const Tested = z.strictObject({ probe: z.boolean().default(false).describe('Also write a record, read it, ask for it over DNS, and remove it.') }).optional();
const tested = { 200: { text: 'Each step, and what to do about those that failed.', schema: ZoneTest } };

export const zoneCalls = {
  list: call({
    ...common, roles: READERS, id: 'listZones', method: 'get', path: '/v1/zones', summary: 'The configured zones and how many of their names are in which state.',
    query: z.strictObject({ name: z.string().max(255).optional().describe('Only entries with this apex.'), ...pageQuery }), answers: { 200: { text: 'A page of zones.', schema: pageOf(Zone) } },
  }),
  add: call({ ...common, id: 'addZone', method: 'post', path: '/v1/zones', summary: 'Configures a zone and takes in the names that it now encloses.', body: ZoneBody, answers: one(201, 'The zone.') }),
  testUnsaved: call({ ...common, id: 'testUnsavedZone', method: 'post', path: '/v1/zones/test', summary: 'Tries a zone before it is saved.', body: ZoneTrial, answers: tested }),
  get: call({ ...common, roles: READERS, id: 'getZone', method: 'get', path: '/v1/zones/:id', summary: 'One zone.', params: idParams, answers: one(200, 'The zone.') }),
  change: call({ ...common, id: 'changeZone', method: 'patch', path: '/v1/zones/:id', summary: 'Changes what is named.', params: idParams, body: ZoneChange, answers: { 200: { text: 'The zone as it is now; with mode observe also whether no call is out any more.', schema: ZoneChanged } } }),
  remove: call({
    ...common, id: 'removeZone', method: 'delete', path: '/v1/zones/:id', summary: "Gives a zone's names back; its records stay at the provider unless purge is asked for.",
    params: idParams, query: z.strictObject({ purge: flag.describe('Remove our records at the provider first; others are left alone.') }), answers: one(202, 'The zone on its way out.'),
  }),
  testLive: call({ ...common, id: 'streamZoneTest', method: 'post', path: '/v1/zones/:id/test/stream', summary: 'The same as testing a saved zone, told live: server-sent events, `step` as each ends, then `done` with all.', params: idParams, body: Tested, answers: { 200: { text: 'Events named `step` and `done`.', schema: ZoneTest, mediaType: 'text/event-stream' } } }),
  testUnsavedLive: call({ ...common, id: 'streamUnsavedZoneTest', method: 'post', path: '/v1/zones/test/stream', summary: 'The same as trying a zone before it is saved, told live.', body: ZoneTrial, answers: { 200: { text: 'Events named `step` and `done`.', schema: ZoneTest, mediaType: 'text/event-stream' } } }),
  test: call({ ...common, id: 'testZone', method: 'post', path: '/v1/zones/:id/test', summary: 'Tries a saved zone: reach, rights, serial, limits, name servers and delegation; with a probe, also writing.', params: idParams, body: Tested, answers: tested }),
  move: call({
    ...common, id: 'moveZone', method: 'post', path: '/v1/zones/:id/move', summary: 'Moves a zone to another connection: added there first, then given up here.',
    params: idParams, body: z.strictObject({
      connectionId: Id, settings: Settings.optional().describe("By the other provider's `zoneSchema`; what is not named is taken along where its form knows it."),
      purge: z.boolean().default(false).describe('Remove our records at the first server, each when the second has it. Without it they stay there, since that server may be asked until the delegation changes.'),
    }), answers: one(202, 'The new entry of the zone.'),
  }),
  drift: call({
    ...common, roles: READERS, id: 'getZoneDrift', method: 'get', path: '/v1/zones/:id/drift', summary: 'The last comparison of the zone with its provider: what is equal, otherwise, missing, foreign, or ours and wanted no more.',
    params: idParams, query: z.strictObject({ kind: DriftKind.optional(), ...pageQuery }), answers: { 200: { text: 'The numbers, and a page of what is not equal.', schema: ZoneDrift } },
  }),
  reconcile: call({
    ...common, id: 'reconcileZone', method: 'post', path: '/v1/zones/:id/reconcile', summary: 'Compares the whole zone as soon as may be. What is ours and missing or changed is put right (mode write); nothing is ever removed by it.',
    params: idParams, body: z.strictObject({ trustListing: z.boolean().default(false).describe('The listing is right although it lacks most of what vmdns wrote there: put it back at once.') }).optional(),
    answers: { 202: { text: 'It is due; `askedAt` tells from which comparison on the answer is younger.', schema: ZoneDrift } },
  }),
  adopt: call({
    ...common, id: 'adoptZone', method: 'post', path: '/v1/zones/:id/adopt', summary: 'Takes over what is there: equal RRsets without a write; those that are otherwise only where asked. Other types and what a provider keeps beside a record are never touched.',
    params: idParams, body: z.strictObject({
      different: AdoptDifferent.default('none').describe('`none`, `all`, or the owner names at which what is otherwise becomes ours, and as wanted.'),
      dryRun: z.boolean().default(false).describe('Only compare and say what it would do.'),
    }).optional(),
    answers: { 200: { text: 'What is taken over, and both sides of what is otherwise.', schema: Adoption } },
  }),
  release: call({
    ...common, id: 'releaseZone', method: 'post', path: '/v1/zones/:id/release', summary: 'Hands the zone back: it is only observed from now on, its records stay, and nothing there is ours any more. The way back: adopt, then mode write.',
    params: idParams, answers: one(200, 'The zone, in mode observe.'),
  }),
  releaseRecord: call({
    ...common, id: 'releaseRecord', method: 'post', path: '/v1/records/release', summary: 'Hands off one owner name: whatever is there stays, and is left alone until it is given back.', body: Handed,
    answers: { 200: { text: 'The name, in each of its zones.', schema: HandedNames } },
  }),
  adoptRecord: call({
    ...common, id: 'adoptRecord', method: 'post', path: '/v1/records/adopt', summary: 'Gives an owner name back, or takes over what is in its way: what is there at the wanted types becomes ours, and as wanted.', body: Handed,
    answers: { 200: { text: 'The name, in each of its zones.', schema: HandedNames } },
  }),
  records: call({
    ...common, roles: READERS, id: 'listZoneRecords', method: 'get', path: '/v1/zones/:id/records', summary: 'The owner names of a zone as planned, with state and reason.',
    params: idParams, query: z.strictObject({ state: z.string().max(32).optional(), ...pageQuery }), answers: { 200: { text: 'A page of names.', schema: pageOf(ZoneRecord) } },
  }),
};
