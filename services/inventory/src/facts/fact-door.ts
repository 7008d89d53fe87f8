import { type Caller, type FactRequest, type Fault, inboundTypes, type InboundType, type Problem } from '@vmdns/contracts';
import { type Checked, faultsOfDelete, faultsOfFact, faultsOfPtr, type Incoming, type RawFact } from '@vmdns/domain';
import type { z } from 'zod';
import { assertNever } from '../assert-never.js';
import type { BrakeKey } from '../holds/brake.js';

/** A fact that passed the door. */
export interface AdmittedFact {
  readonly incoming: Incoming;
  readonly caller: Caller;
  /** By what its deletion is counted. */
  readonly brake: BrakeKey;
  /** By PostgreSQL's clock: not stored later. */
  readonly before?: number | undefined;
  readonly traceparent?: string | undefined;
}
export type Admission = ({ readonly ok: true } & AdmittedFact) | { readonly ok: false; readonly problem: Problem };

/** Parses one fact; or says every fault at once, each with its path. Nothing here asks what is known. */
export function admitFact(request: FactRequest): Admission {
  if (!isInbound(request.type)) {
    return badInput([{ path: 'type', message: `is none of ${Object.keys(inboundTypes).join(', ')}` }]);
  }
  if (request.caller.role === 'viewer') return forbidden('This token may read, not publish.');
  if (!maySpeakAs(request)) return forbidden(`This token may not speak as the source ${request.source}.`);
  const raw = fieldsOf(request.data);
  const shape = inboundTypes[request.type].safeParse(request.data);
  const parsed = parseFact(request.type, raw);
  const faults = merged(
    [...(shape.success ? [] : faultsOfShape(shape.error)), ...unstorableTexts(request.data, ''), ...unstorableTexts(request.source, 'source')],
    parsed.ok ? [] : parsed.faults,
  );
  if (faults.length > 0 || !parsed.ok) return badInput(faults);
  const said = raw['tenant'];
  const tenant = typeof said === 'string' ? said : undefined;
  if (request.caller.tenant !== null && tenant !== undefined && tenant !== request.caller.tenant) {
    return forbidden(`This token belongs to tenant ${request.caller.tenant} and may not speak for another.`);
  }
  const base = {
    vmId: String(raw['vmId']), source: request.source, tenant: request.caller.tenant ?? tenant,
    via: request.via ?? 'call', time: request.time ?? null,
  } as const;
  return {
    ok: true, incoming: { ...base, ...parsed.fact }, caller: request.caller, brake: brakeOf(request),
    ...(request.before === undefined ? {} : { before: request.before }),
    ...(request.traceparent === undefined ? {} : { traceparent: request.traceparent }),
  };
}

/** `http:<token>` is said by that token alone; a token with sources names no other. Who publishes for all on the bus is trusted. */
function maySpeakAs({ source, caller, publisher }: FactRequest): boolean {
  if (publisher === undefined || source === `http:${caller.name}`) return true;
  return caller.sources === undefined ? !source.startsWith('http:') : caller.sources.includes(source);
}

/** `source` is only what an event says: of a publisher that is bound to no sources all deletions are counted together. Who decides holds evades nothing by a name. */
function brakeOf({ source, caller, publisher = '' }: FactRequest): BrakeKey {
  const isBound = publisher === '' || source === `http:${caller.name}` || caller.sources !== undefined || caller.role === 'operator' || caller.role === 'admin';
  return { source: isBound ? source : publisher, publisher };
}

type Said = Pick<Extract<Incoming, { kind: 'changed' }>, 'kind' | 'said'> | Pick<Extract<Incoming, { kind: 'deleted' }>, 'kind' | 'said'> | Pick<Extract<Incoming, { kind: 'ptr' }>, 'kind' | 'said'>;

function parseFact(type: InboundType, raw: Fields): Checked<Said> {
  const vmId = textOf(raw['vmId']) ?? '';
  const uid = textOf(raw['uid']);
  const version = numberOf(raw['version']);
  switch (type) {
    case 'vmdns.vm.changed.v1': return withKind('changed', faultsOfFact(vmId, rawFactOf(raw)));
    case 'vmdns.vm.deleted.v1': return withKind('deleted', faultsOfDelete(vmId, { uid, version }));
    case 'vmdns.address.ptr.v1': return withKind('ptr', faultsOfPtr(vmId, { uid, ip: textOf(raw['ip']) ?? '', hostname: textOf(raw['hostname']) ?? null }));
    default: return assertNever(type);
  }
}

function withKind<K extends string, T>(kind: K, checked: Checked<T>): Checked<{ readonly kind: K; readonly said: T }> {
  return checked.ok ? { ok: true, fact: { kind, said: checked.fact } } : checked;
}

/**
 * What can be read of a body whose shape may be wrong, so that wrong names and addresses are told together with wrong
 * fields. What has a wrong type is left out here; the schema has named it already.
 */
function rawFactOf(raw: Fields): RawFact {
  const addresses = Array.isArray(raw['addresses']) ? raw['addresses'].map(fieldsOf) : [];
  return {
    fqdn: textOf(raw['fqdn']), hostname: textOf(raw['hostname']), domain: textOf(raw['domain']), tenant: textOf(raw['tenant']),
    uid: textOf(raw['uid']), version: numberOf(raw['version']), shareName: flagOf(raw['shareName']),
    addresses: addresses.map((address) => ({
      ip: textOf(address['ip']) ?? '', forward: flagOf(address['forward']),
      ptr: address['ptr'] === null ? null : textOf(address['ptr']),
    })),
    labels: labelsOf(raw['labels']),
  };
}

type Fields = Readonly<Record<string, unknown>>;
const isInbound = (type: string): type is InboundType => Object.hasOwn(inboundTypes, type);
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
const flagOf = (value: unknown): boolean | undefined => (typeof value === 'boolean' ? value : undefined);
function labelsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fieldsOf(value)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function faultsOfShape(error: z.ZodError): readonly Fault[] {
  return error.issues.flatMap((issue): readonly Fault[] => {
    const path = pathText(issue.path);
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
    return issue.keys.map((key) => ({ path: path === '' ? key : `${path}.${key}`, message: 'is no field of this message' }));
  });
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? String(step) : `${text}.${String(step)}`), '');
}

/** Postgres stores neither NUL nor half a surrogate pair; such a text is refused here and not in the middle of a batch. */
function unstorableTexts(value: unknown, path: string): readonly Fault[] {
  if (typeof value === 'string') return isStorable(value) ? [] : [{ path, message: 'holds a character that cannot be stored (NUL, or half a surrogate pair)' }];
  if (Array.isArray(value)) return value.flatMap((item, at) => unstorableTexts(item, `${path}[${at}]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const below = path === '' ? key : `${path}.${key}`;
    return isStorable(key) ? unstorableTexts(item, below) : [{ path, message: 'has a key that cannot be stored (NUL, or half a surrogate pair)' }];
  });
}

const UNSTORABLE = /\u0000|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;
const isStorable = (text: string): boolean => !UNSTORABLE.test(text);

/** One fault per path: the schema's is told, the domain's only where the schema had nothing to say (path '': not even an object). */
function merged(shape: readonly Fault[], meaning: readonly Fault[]): readonly Fault[] {
  const told = new Set(shape.map((fault) => fault.path));
  if (told.has('')) return shape;
  return [...shape, ...meaning.filter((fault) => !told.has(fault.path) && ![...told].some((path) => fault.path.startsWith(`${path}.`)))];
}

export function badInput(faults: readonly Fault[]): { readonly ok: false; readonly problem: Problem } {
  const title = faults.length === 1 ? 'One thing in this fact is wrong; nothing was stored.' : `${faults.length} things in this fact are wrong; nothing was stored.`;
  return { ok: false, problem: { type: 'about:blank', status: 400, code: 'bad-input', title, faults: [...faults] } };
}

export function forbidden(detail: string): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: { type: 'about:blank', status: 403, code: 'forbidden', title: 'This is not allowed with this token.', detail } };
}
