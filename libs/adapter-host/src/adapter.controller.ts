import { Controller } from '@nestjs/common';
import { type InMessage, OnBatch, OnRequest, ownService } from '@vmdns/bus';
import { adapterRpc, CommandEvent, type Command, subjects, ZoneFeedEvent, type ZoneTest } from '@vmdns/contracts';
import { Adapter } from './adapter.js';
import { ZoneTester, type ZoneTestAsk } from './zones/zone-test.js';

const providerOf = (service: string): string => service.replace(/^adapter-/, '');

/** What the bus brings to an adapter. */
@Controller()
export class AdapterController {
  constructor(private readonly adapter: Adapter, private readonly tester: ZoneTester) {}

  @OnBatch({ stream: 'COMMAND', subject: (service) => subjects.command.ofProvider(providerOf(service)), event: CommandEvent, max: 200 })
  async commands(messages: readonly InMessage<Command>[]): Promise<void> {
    await this.adapter.takeCommands(messages);
  }

  @OnBatch({ stream: 'ZONE', subject: (service) => subjects.zone.of(providerOf(service)), durable: (service) => `${service}-zones`, event: ZoneFeedEvent })
  async zones(messages: readonly InMessage<ZoneFeedEvent['data']>[]): Promise<void> {
    await this.adapter.takeZones(messages.flatMap((message) => message.data.changes.map((change) => change.body)));
  }

  @OnRequest(ownService, 'zone-test', adapterRpc['zone-test'])
  testZone(ask: ZoneTestAsk): Promise<ZoneTest> {
    return this.tester.test(ask);
  }
}
