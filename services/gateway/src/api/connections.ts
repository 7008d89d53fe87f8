import { Injectable } from '@nestjs/common';
import { Log } from '@vmdns/chassis';
import type { Caller, Connection, Provider } from '@vmdns/contracts';
import type { AskOf } from '../http/call.js';
import { AnnouncedProviders } from '../sealing/announced-providers.js';
import { sealChange, sealSecrets, sealSettings } from '../sealing/connection-form.js';
import type { connectionCalls } from './connection.calls.js';
import { Services, valueOf } from './services.js';

/** Connections on their way to the planner: checked by the provider's announced form, secrets sealed. */
@Injectable()
export class Connections {
  constructor(private readonly services: Services, private readonly providers: AnnouncedProviders, private readonly log: Log) {}

  async listProviders(): Promise<{ readonly items: readonly Provider[] }> {
    const seen = await this.providers.list();
    return { items: seen.map(({ provider, capabilities, connectionSchema, zoneSchema, publicKey: { kid }, seenAt }) => ({ name: provider, capabilities, connectionSchema, zoneSchema, ...(typeof kid === 'string' ? { kid } : {}), seenAt })) };
  }

  async get(id: string): Promise<Connection> {
    return valueOf(await this.services.planner['connection-get']({ id }));
  }

  async add({ name, provider, settings }: AskOf<typeof connectionCalls.add>['body'], caller: Caller): Promise<Connection> {
    const input = { name, provider, ...await sealSettings(await this.providers.get(provider), settings) };
    const connection = valueOf(await this.services.planner['connection-add']({ input, caller }, this.services.slowly));
    this.log.info({ connection: connection.id, provider, by: caller.name }, 'connection added');
    return connection;
  }

  async change(id: string, { name, settings, sameServer }: AskOf<typeof connectionCalls.change>['body'], caller: Caller): Promise<Connection> {
    const stored = await this.get(id);
    const changed = settings === undefined ? {} : await sealChange(await this.providers.get(stored.provider), stored, settings);
    const ask = { id, ...(name === undefined ? {} : { name }), ...changed, sameServer, caller };
    return this.#changed(valueOf(await this.services.planner['connection-change'](ask, this.services.slowly)), caller);
  }

  async setSecrets(id: string, secrets: Readonly<Record<string, string>>, caller: Caller): Promise<Connection> {
    const stored = await this.get(id);
    const sealed = await sealSecrets(await this.providers.get(stored.provider), secrets);
    return this.#changed(valueOf(await this.services.planner['connection-change']({ id, sealed, caller }, this.services.slowly)), caller);
  }

  async remove(id: string, caller: Caller): Promise<void> {
    valueOf(await this.services.planner['connection-remove']({ id, caller }, this.services.slowly));
    this.log.info({ connection: id, by: caller.name }, 'connection removed');
  }

  #changed(connection: Connection, caller: Caller): Connection {
    this.log.info({ connection: connection.id, provider: connection.provider, by: caller.name }, 'connection changed');
    return connection;
  }
}
