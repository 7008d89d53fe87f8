import { adapterRpc, adapterService, inventoryRpc, logRpc, plannerRpc, streams, subjects, TenantId, type StreamName } from '@vmdns/contracts';

/** One user of NATS and the only subjects it may publish to and subscribe to. */
export interface NatsUser {
  readonly name: string;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** Who there is besides the services that are always there. */
export interface Cast {
  /** Providers, as their adapters announce them: `powerdns`. */
  readonly providers: readonly string[];
  /** Tenants that publish for themselves, on `vmdns.ingest.vm.<tenant>`. */
  readonly tenants?: readonly string[];
  /** Platform teams that publish for every tenant. */
  readonly platforms?: readonly string[];
  /**
   * Whoever connects without a name is the operator: for a stack on one machine's loopback only. Answers then also go to
   * inboxes of no user.
   */
  readonly anonymous?: boolean;
}

export const OPERATOR = 'operator';
export const tenantUser = (tenant: string): string => `publisher.tenant.${tenant}`;
export const platformUser = (name: string): string => `publisher.platform.${name}`;

/** Where a user's answers come: nobody else may listen there, and only those it asks may publish there. */
export const inboxOf = (user: string): string => `_INBOX.${user}.>`;

/** One durable consumer: its messages, and nobody else's of that stream. */
interface Consumer { readonly stream: StreamName; readonly durable: string; readonly filter: string }
interface Needs {
  readonly streams: readonly StreamName[];
  readonly consumers: readonly Consumer[];
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** Whose questions it answers. */
  readonly answers: readonly string[];
}

/** What a stream still holds, by sequence: read after a failover, also what was acknowledged. */
const readsBack = (...names: readonly StreamName[]): readonly string[] => names.map((name) => `$JS.API.STREAM.MSG.GET.${streams[name].name}`);

/** Asked by services, not by the door. */
const FEED = 'changes-after', STOP = 'zones-stop';
const asks = (service: string, operations: object): readonly string[] => Object.keys(operations).filter((operation) => operation !== FEED && operation !== STOP).map((operation) => subjects.rpc(service, operation));
const answersAt = (service: string): string => subjects.rpc(service, '*');

/** Every user, with what it needs and nothing else; a new subject in the contracts is a line here. Throws for a name that is no subject token. */
export function natsUsers(cast: Cast): readonly NatsUser[] {
  const odd = [...cast.providers, ...(cast.tenants ?? []), ...(cast.platforms ?? [])].find((name) => !TenantId.safeParse(name).success);
  if (odd !== undefined) throw new Error(`"${odd}" cannot be part of the name of a NATS user: 1 to 63 letters, digits, _ or -`);
  const adapters = cast.providers.map(adapterService);
  const operator: NatsUser = { name: OPERATOR, publish: ['>'], subscribe: ['>'] };
  return [
    userOf('gateway', gateway(adapters)),
    userOf('inventory', inventory(cast.anonymous === true)),
    userOf('planner', planner(adapters)),
    userOf('log', log),
    ...cast.providers.map((provider) => userOf(adapterService(provider), adapter(provider))),
    ...(cast.tenants ?? []).map((tenant) => publisher(tenantUser(tenant), [subjects.ingest.tenant(tenant)], [])),
    ...(cast.platforms ?? []).map((name) => publisher(platformUser(name), [subjects.ingest.vm, subjects.ingest.tenant('*')], [subjects.status.all])),
    operator,
  ];
}

const gateway = (adapters: readonly string[]): Needs => ({
  streams: ['DEED', 'DEADLETTER'], consumers: [], answers: [],
  publish: [...readsBack('DEED'), subjects.deed.of('gateway'), subjects.notice.of('gateway'), ...asks('inventory', inventoryRpc), ...asks('planner', plannerRpc), ...asks('log', logRpc), ...adapters.flatMap((adapterName) => asks(adapterName, adapterRpc))],
  subscribe: [subjects.announce.all, subjects.status.all, subjects.logEntry],
});

const inventory = (anonymous: boolean): Needs => ({
  streams: ['INGEST', 'EVENT', 'DEADLETTER', 'DEED'],
  consumers: [{ stream: 'INGEST', durable: 'inventory', filter: subjects.ingest.all }],
  answers: ['gateway', 'planner'],
  // The answers that publishers asked for by Vmdns-Reply-To.
  publish: [...readsBack('EVENT', 'DEED'), subjects.event.all, subjects.deed.of('inventory'), subjects.notice.of('inventory'), inboxOf('publisher'), ...(anonymous ? ['_INBOX.*'] : [])],
  subscribe: [],
});

const planner = (adapters: readonly string[]): Needs => ({
  streams: ['EVENT', 'ZONE', 'COMMAND', 'RESULT', 'STATUS', 'DEADLETTER', 'DEED'],
  consumers: [{ stream: 'EVENT', durable: 'planner', filter: subjects.event.all }, { stream: 'RESULT', durable: 'planner-results', filter: subjects.result.all }],
  answers: ['gateway', ...adapters],
  publish: [...readsBack('ZONE', 'COMMAND', 'DEED'), subjects.zone.all, subjects.deed.of('planner'), 'vmdns.command.*.*', subjects.notice.of('planner'), subjects.status.all, subjects.rpc('inventory', FEED), ...adapters.map((name) => subjects.rpc(name, STOP))],
  subscribe: [subjects.announce.all],
});

const log: Needs = {
  streams: ['RESULT', 'DEADLETTER'],
  consumers: [
    { stream: 'RESULT', durable: 'log', filter: subjects.result.all },
    { stream: 'DEADLETTER', durable: 'log-dead-letter', filter: subjects.deadLetter.all },
    { stream: 'DEADLETTER', durable: 'log-notice', filter: subjects.notice.all },
  ],
  answers: ['gateway'],
  publish: [...readsBack('RESULT', 'DEADLETTER'), subjects.logEntry],
  subscribe: [],
};

const adapter = (provider: string): Needs => ({
  streams: ['ZONE', 'COMMAND', 'RESULT', 'DEADLETTER'],
  consumers: [
    { stream: 'COMMAND', durable: adapterService(provider), filter: subjects.command.ofProvider(provider) },
    { stream: 'ZONE', durable: `${adapterService(provider)}-zones`, filter: subjects.zone.of(provider) },
  ],
  answers: ['gateway', 'planner'],
  // By sequence means of all providers: names and values, which DNS tells anybody. No secret travels there.
  publish: [...readsBack('COMMAND'), subjects.result.of(provider, '*'), subjects.announce.of(provider), subjects.stop.of(provider), subjects.notice.of(adapterService(provider)), subjects.rpc('planner', FEED)],
  subscribe: [subjects.stop.of(provider)],
});

function userOf(name: string, needs: Needs): NatsUser {
  const isAnswering = needs.answers.length > 0;
  return {
    name,
    publish: [
      ...needs.publish,
      ...(needs.consumers.length > 0 ? [subjects.deadLetter.of(name)] : []),
      ...needs.answers.map(inboxOf), ...(isAnswering ? [inboxOf(OPERATOR)] : []),
      ...needs.streams.flatMap((stream) => ['INFO', 'CREATE', 'UPDATE'].map((verb) => `$JS.API.STREAM.${verb}.${streams[stream].name}`)),
      ...needs.consumers.flatMap(consuming),
    ],
    subscribe: [inboxOf(name), ...(isAnswering ? [answersAt(name)] : []), ...needs.subscribe],
  };
}

/** The filter is part of the subject that makes a consumer (server 2.9), so nobody can ask for more than its own messages. */
function consuming({ stream, durable, filter }: Consumer): readonly string[] {
  return [
    `$JS.API.CONSUMER.CREATE.${stream}.${durable}.${filter}`, `$JS.API.CONSUMER.INFO.${stream}.${durable}`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`, `$JS.ACK.${stream}.${durable}.>`,
  ];
}

const publisher = (name: string, publish: readonly string[], subscribe: readonly string[]): NatsUser => ({ name, publish, subscribe: [inboxOf(name), ...subscribe] });
