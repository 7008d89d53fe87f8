import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Log } from '@vmdns/chassis';
import type { AdoptDifferent, Adoption, Caller, DriftKind, Zone, ZoneChanged, ZoneDrift, ZoneInput, ZoneTest } from '@vmdns/contracts';
import { faultsOfZone } from '@vmdns/domain';
import { badInput, ProblemError, unavailable } from '../http/problems.js';
import { AnnouncedProviders } from '../sealing/announced-providers.js';
import { sealSettings, type Settings } from '../sealing/connection-form.js';
import { checkBySchema, propertiesOf } from '../sealing/json-schema.js';
import { Services, valueOf } from './services.js';
import type { ZoneChange, ZoneTrial } from './zone.calls.js';

/** An adapter hears of a zone's mode within a moment. */
const RELEASE_MS = 10_000;
const RELEASE_AGAIN_MS = 250;

/** Zones on their way to the planner, and their tests by the adapter that would write them. */
@Injectable()
export class Zones {
  constructor(private readonly services: Services, private readonly providers: AnnouncedProviders, private readonly log: Log) {}

  async get(id: string): Promise<Zone> {
    return valueOf(await this.services.planner['zone-get']({ id }));
  }

  async add(input: ZoneInput, caller: Caller): Promise<Zone> {
    const settings = await this.#settings(await this.#providerOf(input.connectionId), input.settings);
    const zone = valueOf(await this.services.planner['zone-add']({ input: { ...input, settings }, caller }, this.services.slowly));
    return this.#did('zone added', zone, caller);
  }

  async change(id: string, change: ZoneChange, caller: Caller): Promise<ZoneChanged> {
    const stored = await this.get(id);
    const { ttl, limits, settings, ...rest } = change;
    const patch = {
      ...rest,
      ...(ttl === undefined ? {} : { ttl: { ...stored.ttl, ...ttl } }),
      ...(limits === undefined ? {} : { limits: { ...stored.limits, ...given(limits) } }),
      ...(settings === undefined ? {} : { settings: await this.#settings(stored.provider, merged(stored.settings, settings)) }),
    };
    return this.#did('zone changed', valueOf(await this.services.planner['zone-change']({ id, patch, caller }, this.services.slowly)), caller);
  }

  async remove(id: string, purge: boolean, caller: Caller): Promise<Zone> {
    return this.#did('zone removed', valueOf(await this.services.planner['zone-remove']({ id, purge, caller }, this.services.slowly)), caller);
  }

  /** At another provider the settings are others: those of the zone are taken along where both forms know them, and what is given goes before. */
  async move(id: string, to: { readonly connectionId: string; readonly purge: boolean; readonly settings?: Settings | undefined }, caller: Caller): Promise<Zone> {
    const stored = await this.get(id);
    const provider = await this.#providerOf(to.connectionId);
    const taken = provider === stored.provider ? stored.settings : this.#common(stored.settings, (await this.providers.get(provider)).zoneSchema);
    const settings = await this.#settings(provider, merged(taken, to.settings ?? {}));
    return this.#did('zone moved', valueOf(await this.services.planner['zone-move']({ id, connectionId: to.connectionId, purge: to.purge, settings, caller }, this.services.slowly)), caller);
  }

  /** `watch`: an inbox of ours that is told each step. */
  async test(id: string, probe: boolean, watch?: string): Promise<ZoneTest> {
    const { provider } = await this.get(id);
    return valueOf(await this.services.adapter(provider)['zone-test']({ zoneId: id, probe, ...watching(watch) }, this.services.atTheProvider));
  }

  async drift(id: string, page: { readonly kind?: DriftKind | undefined; readonly limit: number; readonly cursor?: string | undefined }): Promise<ZoneDrift> {
    const { provider } = await this.get(id);
    return valueOf(await this.services.adapter(provider)['zone-drift']({ zoneId: id, ...page }, this.services.slowly));
  }

  async reconcile(id: string, trustListing: boolean, caller: Caller): Promise<ZoneDrift> {
    const zone = await this.get(id);
    const drift = valueOf(await this.services.adapter(zone.provider)['zone-reconcile']({ zoneId: id, trustListing }, this.services.slowly));
    this.#did(trustListing ? 'zone is compared, its listing trusted' : 'zone is compared', zone, caller);
    return drift;
  }

  async adopt(id: string, ask: { readonly different: AdoptDifferent; readonly dryRun: boolean }, caller: Caller): Promise<Adoption> {
    const zone = await this.get(id);
    const adoption = valueOf(await this.services.adapter(zone.provider)['zone-adopt']({ zoneId: id, ...ask }, this.services.atTheProvider));
    if (!ask.dryRun) this.log.info({ zone: zone.name, zoneId: id, equal: adoption.equal, different: adoption.different, left: adoption.left, by: caller.name }, 'zone adopted');
    return adoption;
  }

  /** First observed, so that nothing is written any more; then, as soon as its adapter knows, nothing there is ours. */
  async release(id: string, caller: Caller): Promise<Zone> {
    const zone = valueOf(await this.services.planner['zone-change']({ id, patch: { mode: 'observe' }, caller }, this.services.slowly));
    const until = performance.now() + RELEASE_MS;
    for (;;) {
      const reply = await this.services.adapter(zone.provider)['zone-release']({ zoneId: id, revision: zone.revision }, this.services.slowly);
      if (reply.ok) return this.#did('zone released', zone, caller);
      if (reply.problem.status !== 503) throw new ProblemError(reply.problem);
      if (performance.now() > until) throw unavailable(`nothing is written to the zone any more, but it is not handed back yet (${reply.problem.detail ?? reply.problem.title}); ask again`);
      await delay(RELEASE_AGAIN_MS);
    }
  }

  /** Tests a zone that is not saved; secrets of a connection that is not saved are sealed for the adapter all the same. */
  async try({ name, connectionId, connection, settings }: ZoneTrial, watch?: string): Promise<ZoneTest> {
    const checked = faultsOfZone({ name, addresses: 'all' });
    if (!checked.ok) throw badInput(checked.faults);
    const { apex } = checked.fact;
    if (connection !== undefined) {
      const provider = await this.providers.get(connection.provider, 'connection.provider');
      const sealed = await sealSettings(provider, connection.settings, ['connection', 'settings']);
      return valueOf(await this.services.adapter(provider.provider)['zone-test']({ apex, connection: { settings: { ...sealed.settings }, sealed: { ...sealed.sealed } }, settings: await this.#settings(provider.provider, settings), ...watching(watch) }, this.services.atTheProvider));
    }
    const provider = await this.#providerOf(connectionId ?? '');
    return valueOf(await this.services.adapter(provider)['zone-test']({ apex, ...(connectionId === undefined ? {} : { connectionId }), settings: await this.#settings(provider, settings), ...watching(watch) }, this.services.atTheProvider));
  }

  async #providerOf(connectionId: string): Promise<string> {
    const reply = await this.services.planner['connection-get']({ id: connectionId });
    if (!reply.ok && reply.problem.status === 404) throw badInput([{ path: 'connectionId', message: 'there is no such connection' }]);
    if (!reply.ok) throw new ProblemError(reply.problem);
    return reply.value.provider;
  }

  #common(settings: Settings, schema: Settings): Settings {
    const known = propertiesOf(schema);
    return Object.fromEntries(Object.entries(settings).filter(([name]) => name in known));
  }

  async #settings(provider: string, settings: Settings): Promise<Record<string, unknown>> {
    const { zoneSchema } = await this.providers.get(provider);
    const result = checkBySchema(zoneSchema, settings, ['settings']);
    if (!result.ok) throw badInput(result.faults);
    return { ...result.value };
  }

  #did<Z extends Zone>(what: string, zone: Z, caller: Caller): Z {
    this.log.info({ zone: zone.name, zoneId: zone.id, provider: zone.provider, by: caller.name }, what);
    return zone;
  }
}

const watching = (watch: string | undefined) => (watch === undefined ? {} : { watch });

/** Without what was not said. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** RFC 7396 at the first level: null takes a field away. */
function merged(stored: Settings, change: Settings): Settings {
  return Object.fromEntries(Object.entries({ ...stored, ...change }).filter(([, value]) => value !== null));
}
