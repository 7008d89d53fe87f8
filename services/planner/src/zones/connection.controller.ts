import { Controller } from '@nestjs/common';
import { OnRequest } from '@vmdns/bus';
import { plannerRpc, type Caller, type Connection, type ConnectionInput, type Pause, type PauseScope } from '@vmdns/contracts';
import { Announcements } from './announcements.js';
import { Connections, type ConnectionChange } from './connection.service.js';
import { Pauses } from './pause.service.js';
import { Releases, type HandAsk } from './release.service.js';

/** Providers as announced, connections to them, the stop button, and hands off single names. */
@Controller()
export class ConnectionController {
  constructor(private readonly connections: Connections, private readonly announcements: Announcements, private readonly pauses: Pauses, private readonly releases: Releases) {}

  @OnRequest('planner', 'providers', plannerRpc.providers)
  async providers() {
    return { items: await this.announcements.list() };
  }

  @OnRequest('planner', 'connection-add', plannerRpc['connection-add'])
  add(ask: { input: ConnectionInput; caller: Caller }): Promise<Connection> {
    return this.connections.add(ask.input, ask.caller);
  }

  @OnRequest('planner', 'connection-list', plannerRpc['connection-list'])
  list(ask: { limit: number; cursor?: string | undefined }) {
    return this.connections.list(ask.limit, ask.cursor);
  }

  @OnRequest('planner', 'connection-get', plannerRpc['connection-get'])
  get(ask: { id: string }): Promise<Connection> {
    return this.connections.get(ask.id);
  }

  @OnRequest('planner', 'connection-change', plannerRpc['connection-change'])
  change(ask: ConnectionChange): Promise<Connection> {
    return this.connections.change(ask);
  }

  @OnRequest('planner', 'connection-remove', plannerRpc['connection-remove'])
  async remove(ask: { id: string; caller: Caller }) {
    await this.connections.remove(ask.id, ask.caller);
    return {};
  }

  @OnRequest('planner', 'pause-add', plannerRpc['pause-add'])
  pause(ask: { scope: PauseScope; why: string; until: string | null; caller: Caller }): Promise<Pause> {
    return this.pauses.add(ask);
  }

  @OnRequest('planner', 'pause-list', plannerRpc['pause-list'])
  async listPauses() {
    return { items: [...await this.pauses.list()] };
  }

  @OnRequest('planner', 'record-release', plannerRpc['record-release'])
  async release(ask: HandAsk) {
    return { items: await this.releases.release(ask) };
  }

  @OnRequest('planner', 'record-adopt', plannerRpc['record-adopt'])
  async adopt(ask: HandAsk) {
    return { items: await this.releases.adopt(ask) };
  }

  @OnRequest('planner', 'pause-remove', plannerRpc['pause-remove'])
  async resume(ask: { id: string; caller: Caller }) {
    await this.pauses.remove(ask.id, ask.caller);
    return {};
  }
}
