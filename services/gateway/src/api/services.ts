import { Inject, Injectable } from '@nestjs/common';
import { Bus, rpcClient, type RequestOptions, type RpcClient } from '@vmdns/bus';
import { CONFIG } from '@vmdns/chassis';
import { adapterRpc, adapterService, inventoryRpc, logRpc, plannerRpc, type RpcReply } from '@vmdns/contracts';
import type { Config } from '../config.js';
import { ProblemError } from '../http/problems.js';

/** The value of a reply; its problem is thrown and becomes the answer. */
export function valueOf<T>(reply: RpcReply<T>): T {
  if (reply.ok) return reply.value;
  throw new ProblemError(reply.problem);
}

/** The services behind the door. An answer that does not come in time is a 503: within a second for all that is quick, and for all when NATS itself is silent. */
@Injectable()
export class Services {
  readonly inventory: RpcClient<typeof inventoryRpc>;
  readonly planner: RpcClient<typeof plannerRpc>;
  readonly log: RpcClient<typeof logRpc>;
  /** Options of an ask that waits for the lock of the zone set, or searches. */
  readonly slowly: RequestOptions;
  /** How long an ask waits that says nothing else. */
  readonly askMs: number;
  readonly #bus: Pick<Bus, 'request'>;
  readonly #config: Config;

  constructor(bus: Bus, @Inject(CONFIG) config: Config) {
    const asks: Pick<Bus, 'request'> = {
      request: (service, operation, contract, ask, options) => bus.request(service, operation, contract, ask, { timeoutMs: config.ASK_TIMEOUT_MS, unlessSilent: true, ...options }),
    };
    this.#bus = asks;
    this.#config = config;
    this.askMs = config.ASK_TIMEOUT_MS;
    this.slowly = { timeoutMs: config.CHANGE_TIMEOUT_MS };
    this.inventory = rpcClient(asks, 'inventory', inventoryRpc);
    this.planner = rpcClient(asks, 'planner', plannerRpc);
    this.log = rpcClient(asks, 'log', logRpc);
  }

  /** The adapter of a provider. */
  adapter(provider: string): RpcClient<typeof adapterRpc> {
    return rpcClient(this.#bus, adapterService(provider), adapterRpc);
  }

  /** Options of an ask for which an adapter talks to its server before it answers. */
  get atTheProvider(): RequestOptions {
    return { timeoutMs: this.#config.ZONE_TEST_TIMEOUT_MS };
  }
}
