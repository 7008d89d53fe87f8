import { Controller } from '@nestjs/common';
import type { Caller } from '@vmdns/contracts';
import { Asked, By } from '../http/ask.js';
import { Handles, type AskOf } from '../http/call.js';
import { connectionCalls } from './connection.calls.js';
import { Connections } from './connections.js';
import { Services, valueOf } from './services.js';

@Controller()
export class ConnectionController {
  constructor(private readonly connections: Connections, private readonly services: Services) {}

  @Handles(connectionCalls.providers)
  providers() {
    return this.connections.listProviders();
  }

  @Handles(connectionCalls.list)
  async list(@Asked() { query }: AskOf<typeof connectionCalls.list>) {
    return valueOf(await this.services.planner['connection-list'](query));
  }

  @Handles(connectionCalls.add)
  add(@Asked() { body }: AskOf<typeof connectionCalls.add>, @By() caller: Caller) {
    return this.connections.add(body, caller);
  }

  @Handles(connectionCalls.get)
  get(@Asked() { params }: AskOf<typeof connectionCalls.get>) {
    return this.connections.get(params.id);
  }

  @Handles(connectionCalls.change)
  change(@Asked() { params, body }: AskOf<typeof connectionCalls.change>, @By() caller: Caller) {
    return this.connections.change(params.id, body, caller);
  }

  @Handles(connectionCalls.setSecrets)
  setSecrets(@Asked() { params, body }: AskOf<typeof connectionCalls.setSecrets>, @By() caller: Caller) {
    return this.connections.setSecrets(params.id, body, caller);
  }

  @Handles(connectionCalls.remove)
  remove(@Asked() { params }: AskOf<typeof connectionCalls.remove>, @By() caller: Caller) {
    return this.connections.remove(params.id, caller);
  }
}
