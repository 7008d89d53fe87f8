import type { Operation, RpcReply } from '@vmdns/contracts';
import type { z } from 'zod';
import type { Bus, RequestOptions } from './bus.js';

/** One function per operation of a service. */
export type RpcClient<T extends Readonly<Record<string, Operation>>> = {
  readonly [K in keyof T]: (ask: z.input<T[K]['ask']>, options?: RequestOptions) => Promise<RpcReply<z.output<T[K]['answer']>>>;
};

/** A service's operations as functions: `rpcClient(bus, 'planner', plannerRpc)['zone-add'](ask)`. Never throws; see Bus.request. */
export function rpcClient<T extends Readonly<Record<string, Operation>>>(bus: Pick<Bus, 'request'>, service: string, operations: T): RpcClient<T> {
  const entries = Object.entries(operations).map(([name, contract]) => [name, (ask: unknown, options?: RequestOptions) => bus.request(service, name, contract, ask, options)]);
  return Object.fromEntries(entries) as RpcClient<T>;
}
