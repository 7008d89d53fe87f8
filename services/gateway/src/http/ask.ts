import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Fault } from '@vmdns/contracts';
import { CALL, type AskOf, type Call } from './call.js';
import { callerOf, type DoorRequest } from './door-request.js';
import { faultsOf } from './faults.js';
import { badInput } from './problems.js';
import { storableFaults } from './storable.js';

/** What came, before anybody looked at it. */
export interface RawAsk { readonly params: unknown; readonly query: unknown; readonly body: unknown }

/** Validates path, query and body together, so that one answer names every fault. */
export function parseAsk<C extends Call>(shape: C, raw: RawAsk): { readonly ok: true; readonly ask: AskOf<C> } | { readonly ok: false; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const part = (schema: Call['params'], value: unknown): unknown => {
    if (schema === undefined) return undefined;
    const parsed = schema.safeParse(value);
    if (!parsed.success) faults.push(...faultsOf(parsed.error.issues));
    return parsed.data;
  };
  const ask = { params: part(shape.params, raw.params), query: part(shape.query, raw.query), body: part(shape.body, raw.body) };
  if (shape.judgesBody !== true) faults.push(...storableFaults({ ...asObject(raw.params), ...asObject(raw.query) }), ...storableFaults(raw.body));
  if (faults.length === 0) return { ok: true, ask: ask as AskOf<C> };
  const seen = new Set(faults.map((fault) => fault.path));
  const more = shape.moreFaults?.(raw.params, raw.body).filter((fault) => !seen.has(fault.path)) ?? [];
  return { ok: false, faults: [...faults, ...more] };
}

const asObject = (value: unknown): object => typeof value === 'object' && value !== null ? value : {};

/** The validated ask of the call that the method handles; its type is `AskOf<typeof theCall>`. */
export const Asked = createParamDecorator((_: undefined, context: ExecutionContext): unknown => {
  const request = context.switchToHttp().getRequest<DoorRequest>();
  const shape = Reflect.getMetadata(CALL, context.getHandler()) as Call;
  const parsed = parseAsk(shape, { params: request.params, query: request.queryRaw, body: request.body });
  if (!parsed.ok) throw badInput(parsed.faults);
  return parsed.ask;
});

/** Who calls: the token's name, role and tenant. */
export const By = createParamDecorator((_: undefined, context: ExecutionContext) => callerOf(context.switchToHttp().getRequest<DoorRequest>()));

/** The request itself, for what streams or waits. */
export const Raw = createParamDecorator((_: undefined, context: ExecutionContext) => context.switchToHttp().getRequest<DoorRequest>());
