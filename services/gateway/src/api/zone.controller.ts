import type { ServerResponse } from 'node:http';
import { Controller, Res } from '@nestjs/common';
import type { Caller } from '@vmdns/contracts';
import { Asked, By } from '../http/ask.js';
import { Handles, type AskOf } from '../http/call.js';
import { TestStream } from '../live/test-stream.js';
import { Services, valueOf } from './services.js';
import { zoneCalls } from './zone.calls.js';
import { Zones } from './zones.js';

@Controller()
export class ZoneController {
  constructor(private readonly zones: Zones, private readonly services: Services, private readonly testStream: TestStream) {}

  @Handles(zoneCalls.list)
  async list(@Asked() { query }: AskOf<typeof zoneCalls.list>) {
    return valueOf(await this.services.planner['zone-list'](query));
  }

  @Handles(zoneCalls.add)
  add(@Asked() { body }: AskOf<typeof zoneCalls.add>, @By() caller: Caller) {
    return this.zones.add(body, caller);
  }

  @Handles(zoneCalls.testUnsaved)
  testUnsaved(@Asked() { body }: AskOf<typeof zoneCalls.testUnsaved>) {
    return this.zones.try(body);
  }

  @Handles(zoneCalls.get)
  get(@Asked() { params }: AskOf<typeof zoneCalls.get>) {
    return this.zones.get(params.id);
  }

  @Handles(zoneCalls.change)
  change(@Asked() { params, body }: AskOf<typeof zoneCalls.change>, @By() caller: Caller) {
    return this.zones.change(params.id, body, caller);
  }

  @Handles(zoneCalls.remove)
  remove(@Asked() { params, query }: AskOf<typeof zoneCalls.remove>, @By() caller: Caller) {
    return this.zones.remove(params.id, query.purge, caller);
  }

  @Handles(zoneCalls.test)
  test(@Asked() { params, body }: AskOf<typeof zoneCalls.test>) {
    return this.zones.test(params.id, body?.probe === true);
  }

  @Handles(zoneCalls.testLive)
  testLive(@Asked() { params, body }: AskOf<typeof zoneCalls.testLive>, @Res() response: ServerResponse) {
    return this.testStream.follow((watch) => this.zones.test(params.id, body?.probe === true, watch), response);
  }

  @Handles(zoneCalls.testUnsavedLive)
  testUnsavedLive(@Asked() { body }: AskOf<typeof zoneCalls.testUnsavedLive>, @Res() response: ServerResponse) {
    return this.testStream.follow((watch) => this.zones.try(body, watch), response);
  }

  @Handles(zoneCalls.move)
  move(@Asked() { params, body }: AskOf<typeof zoneCalls.move>, @By() caller: Caller) {
    return this.zones.move(params.id, body, caller);
  }

  @Handles(zoneCalls.drift)
  drift(@Asked() { params, query }: AskOf<typeof zoneCalls.drift>) {
    return this.zones.drift(params.id, query);
  }

  @Handles(zoneCalls.reconcile)
  reconcile(@Asked() { params, body }: AskOf<typeof zoneCalls.reconcile>, @By() caller: Caller) {
    return this.zones.reconcile(params.id, body?.trustListing === true, caller);
  }

  @Handles(zoneCalls.adopt)
  adopt(@Asked() { params, body }: AskOf<typeof zoneCalls.adopt>, @By() caller: Caller) {
    return this.zones.adopt(params.id, body ?? { different: 'none', dryRun: false }, caller);
  }

  @Handles(zoneCalls.release)
  release(@Asked() { params }: AskOf<typeof zoneCalls.release>, @By() caller: Caller) {
    return this.zones.release(params.id, caller);
  }

  @Handles(zoneCalls.releaseRecord)
  async releaseRecord(@Asked() { body }: AskOf<typeof zoneCalls.releaseRecord>, @By() caller: Caller) {
    return valueOf(await this.services.planner['record-release']({ ...body, caller }, this.services.slowly));
  }

  @Handles(zoneCalls.adoptRecord)
  async adoptRecord(@Asked() { body }: AskOf<typeof zoneCalls.adoptRecord>, @By() caller: Caller) {
    return valueOf(await this.services.planner['record-adopt']({ ...body, caller }, this.services.slowly));
  }

  @Handles(zoneCalls.records)
  async records(@Asked() { params, query }: AskOf<typeof zoneCalls.records>) {
    return valueOf(await this.services.planner['zone-names']({ ...params, ...query }, this.services.slowly));
  }
}
