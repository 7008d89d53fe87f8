import { Controller } from '@nestjs/common';
import { OnRequest } from '@vmdns/bus';
import { plannerRpc, type Caller, type PlanningSettings, type Zone, type ZoneChanged, type ZoneInput, type ZonePatch } from '@vmdns/contracts';
import { Settings } from './settings.service.js';
import { ZoneFeed } from './zone-feed.js';
import { ZoneReader } from './zone-reader.js';
import { Zones } from './zone.service.js';

/** Zone entries, and the settings they are planned by. */
@Controller()
export class ZoneController {
  constructor(private readonly zones: Zones, private readonly reader: ZoneReader, private readonly settings: Settings, private readonly feed: ZoneFeed) {}

  @OnRequest('planner', 'zone-add', plannerRpc['zone-add'])
  add(ask: { input: ZoneInput; caller: Caller }): Promise<Zone> {
    return this.zones.add(ask.input, ask.caller);
  }

  @OnRequest('planner', 'zone-change', plannerRpc['zone-change'])
  change(ask: { id: string; patch: ZonePatch; caller: Caller }): Promise<ZoneChanged> {
    return this.zones.change(ask.id, ask.patch, ask.caller);
  }

  @OnRequest('planner', 'zone-remove', plannerRpc['zone-remove'])
  remove(ask: { id: string; purge: boolean; caller: Caller }): Promise<Zone> {
    return this.zones.remove(ask.id, ask.purge, ask.caller);
  }

  @OnRequest('planner', 'zone-move', plannerRpc['zone-move'])
  move(ask: { id: string; connectionId: string; purge: boolean; settings?: Record<string, unknown> | undefined; caller: Caller }): Promise<Zone> {
    return this.zones.move(ask.id, ask, ask.caller);
  }

  @OnRequest('planner', 'zone-get', plannerRpc['zone-get'])
  get(ask: { id: string }): Promise<Zone> {
    return this.reader.get(ask.id);
  }

  @OnRequest('planner', 'zone-list', plannerRpc['zone-list'])
  list(ask: { limit: number; cursor?: string | undefined; name?: string | undefined }) {
    return this.reader.list(ask.limit, ask.cursor, ask.name);
  }

  @OnRequest('planner', 'zone-names', plannerRpc['zone-names'])
  names(ask: { id: string; limit: number; cursor?: string | undefined; state?: string | undefined }) {
    return this.reader.names(ask.id, ask.limit, ask.cursor, ask.state);
  }

  @OnRequest('planner', 'settings-get', plannerRpc['settings-get'])
  getSettings(): Promise<PlanningSettings> {
    return this.settings.get();
  }

  @OnRequest('planner', 'settings-put', plannerRpc['settings-put'])
  putSettings(ask: { settings: PlanningSettings; caller: Caller }): Promise<PlanningSettings> {
    return this.settings.put(ask.settings, ask.caller);
  }

  @OnRequest('planner', 'changes-after', plannerRpc['changes-after'])
  async changesAfter(ask: { cursor: number; limit: number; topic?: string | undefined }) {
    const page = await this.feed.after(ask.cursor, ask.limit, ask.topic);
    return { ...page, changes: [...page.changes] };
  }
}
