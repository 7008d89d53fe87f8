import { Controller } from '@nestjs/common';
import { type InMessage, OnBatch, OnRequest, ownService } from '@vmdns/bus';
import { adapterRpc, type AdapterStanding, type Adoption, CommandEvent, type Command, subjects, type ZoneDrift, type ZoneFeedBody, ZoneFeedEvent, type ZoneTest } from '@vmdns/contracts';
import type { z } from 'zod';
import { Adapter } from './adapter.js';
import { Standings } from './standings.js';
import { ZoneTester, type ZoneTestAsk } from './zones/zone-test.js';

type AskOf<K extends keyof typeof adapterRpc> = z.output<(typeof adapterRpc)[K]['ask']>;

const providerOf = (service: string): string => service.replace(/^adapter-/, '');

/** What the bus brings to an adapter. */
@Controller()
export class AdapterController {
  constructor(private readonly adapter: Adapter, private readonly tester: ZoneTester, private readonly standings: Standings) {}

  @OnBatch({ stream: 'COMMAND', subject: (service) => subjects.command.ofProvider(providerOf(service)), event: CommandEvent, max: 200 })
  async commands(messages: readonly InMessage<Command>[]): Promise<void> {
    await this.adapter.takeCommands(messages);
  }

  @OnBatch({ stream: 'ZONE', subject: (service) => subjects.zone.of(providerOf(service)), durable: (service) => `${service}-zones`, event: ZoneFeedEvent })
  async zones(messages: readonly InMessage<ZoneFeedEvent['data']>[]): Promise<void> {
    await this.adapter.takeZones(messages.flatMap((message) => message.data.changes.map((change) => change.body)));
  }

  @OnRequest(ownService, 'zones-stop', adapterRpc['zones-stop'])
  async stopZones(ask: { readonly changes: readonly ZoneFeedBody[]; readonly waitMs: number }): Promise<{ writing: string[] }> {
    return { writing: [...(await this.adapter.stopZones(ask.changes, ask.waitMs))] };
  }

  @OnRequest(ownService, 'standing', adapterRpc.standing)
  standing(): Promise<AdapterStanding> {
    return this.standings.read();
  }

  @OnRequest(ownService, 'zone-test', adapterRpc['zone-test'])
  testZone(ask: ZoneTestAsk): Promise<ZoneTest> {
    return this.tester.test(ask);
  }

  @OnRequest(ownService, 'zone-drift', adapterRpc['zone-drift'])
  drift(ask: AskOf<'zone-drift'>): Promise<ZoneDrift> {
    return this.adapter.desk.drift(ask);
  }

  @OnRequest(ownService, 'zone-reconcile', adapterRpc['zone-reconcile'])
  reconcile(ask: AskOf<'zone-reconcile'>): Promise<ZoneDrift> {
    return this.adapter.desk.reconcile(ask.zoneId, ask.trustListing);
  }

  @OnRequest(ownService, 'zone-adopt', adapterRpc['zone-adopt'])
  adopt(ask: AskOf<'zone-adopt'>): Promise<Adoption> {
    return this.adapter.desk.adopt(ask.zoneId, ask.different, ask.dryRun);
  }

  @OnRequest(ownService, 'zone-release', adapterRpc['zone-release'])
  release(ask: AskOf<'zone-release'>): Promise<{ released: number }> {
    return this.adapter.desk.release(ask.zoneId, ask.revision);
  }
}
