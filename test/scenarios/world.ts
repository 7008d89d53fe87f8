import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, headers, type NatsConnection } from 'nats';
import pg from 'pg';
import type { FactAnswer, ResultEvent, VmDns, VmFact, Zone } from '@vmdns/contracts';
import { dnsAsk, startStack, TcpProxy, until, type FaultProxy, type PowerdnsServer, type ServiceName, type ServiceProcess, type Stack } from '../support/index.js';

export interface WorldOptions {
  /** How many of a service; default 1. */
  readonly replicas?: Partial<Readonly<Record<ServiceName, number>>>;
  readonly secondPowerdns?: boolean;
  /** By `service#replica`, or `service` for its first: how far its clock is ahead. */
  readonly clockAheadMs?: Readonly<Record<string, number>>;
}

interface Seen { readonly subject: string; readonly data: ResultEvent['data']; readonly event: unknown }

/** Long enough for a lease (5 s) and a call that can no longer take effect (10 s), on a slow machine. */
const PATIENCE_MS = 45_000;

/** A whole vmdns with the words of the walks: who is killed, who is late, what is asked, what answers. */
export class World {
  private readonly revisions = new Map<string, number>();

  private constructor(
    readonly stack: Stack,
    /** Between the first adapter and NATS. */
    readonly adapterBus: TcpProxy,
    private readonly bus: { current: NatsConnection },
    readonly connectionId: string,
    readonly second: { readonly powerdns: PowerdnsServer; readonly proxy: FaultProxy; readonly connectionId: string } | undefined,
  ) {}

  static async start(options: WorldOptions = {}): Promise<World> {
    const stack = await startStack({ services: ['inventory', 'planner', 'log', 'gateway'], env: clocksOf(options, 0) });
    try {
      const adapterBus = await TcpProxy.before({ host: '127.0.0.1', port: stack.nats.port });
      await stack.add('adapter-powerdns', { NATS_URL: adapterBus.instead(stack.nats.url), ...clockOf(stack, options, 'adapter-powerdns', 0) });
      for (const [service, count] of Object.entries(options.replicas ?? {})) {
        for (let replica = 1; replica < (count ?? 0); replica += 1) await stack.add(service as ServiceName, clockOf(stack, options, service, replica));
      }
      const connection = await stack.connect();
      const second = options.secondPowerdns === true ? await stack.secondPowerdns({ rectify: false }) : undefined;
      const secondConnection = second === undefined ? undefined : await stack.connectTo(second.powerdns, { name: 'second', api: second.proxy.url });
      const bus = { current: await connect({ servers: stack.nats.url }) };
      return new World(stack, adapterBus, bus, connection.id, second === undefined || secondConnection === undefined ? undefined : { ...second, connectionId: secondConnection.id });
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.bus.current.close().catch(() => undefined);
    await this.stack.stop();
    await this.adapterBus.close();
  }

  /** No faults, nobody asleep. */
  clear(): void {
    this.proxy.clear();
    this.second?.proxy.clear();
    for (const service of this.stack.replicas) service.thaw();
  }

  get proxy(): FaultProxy { return this.stack.proxy; }
  get powerdns(): PowerdnsServer { return this.stack.powerdns; }
  get adapter(): ServiceProcess { return this.stack.service('adapter-powerdns'); }
  get planner(): ServiceProcess { return this.stack.service('planner'); }

  /** Every replica of a service. */
  all(name: ServiceName): readonly ServiceProcess[] {
    return this.stack.replicas.filter((service) => service.name === name);
  }

  /** Makes the zone on the first PowerDNS (and the second, where asked) and adds it. */
  async zone(name: string, options: { readonly alsoOnSecond?: boolean; readonly rehomeShare?: number } = {}): Promise<Zone> {
    if (options.alsoOnSecond === true) await this.second?.powerdns.createZone(`${name}.`, { apiRectify: false });
    return this.stack.addZone(name, { entry: { connectionId: this.connectionId, ...(options.rehomeShare === undefined ? {} : { limits: { rehomeShare: options.rehomeShare } }) } });
  }

  /** Adds a zone that is on the first PowerDNS already. */
  addZone(name: string): Promise<Zone> {
    return this.stack.gateway.addZone({ name: `${name}.`, connectionId: this.connectionId });
  }

  /** Sent again until it is taken, as the contract asks of a publisher who is answered 503. */
  async put(vmId: string, fact: VmFact): Promise<FactAnswer> {
    return this.remember(vmId, await until(() => this.stack.gateway.putVm(vmId, fact), { withinMs: 20_000, everyMs: 100, what: `the fact about ${vmId} to be taken` }));
  }

  async delete(vmId: string): Promise<FactAnswer> {
    return this.remember(vmId, await this.stack.gateway.deleteVm(vmId));
  }

  /** A CloudEvent at the gateway, structured, and its answer. */
  async event(event: Readonly<Record<string, unknown>>): Promise<FactAnswer> {
    const { status, body } = await this.stack.gateway.event(event);
    if (status >= 300) throw new Error(`the event was answered ${status}: ${JSON.stringify(body)}`);
    return body as FactAnswer;
  }

  dns(vmId: string): Promise<VmDns> {
    return this.stack.gateway.dns(vmId);
  }

  /** Every record applied, at this revision or the last one published here. */
  live(vmId: string, revision = this.revisions.get(vmId) ?? 0, withinMs = PATIENCE_MS): Promise<VmDns> {
    return this.stack.gateway.reaches(vmId, revision, (dns) => dns.live && dns.state === 'live', 'live', withinMs);
  }

  /** Live or explained. */
  settled(vmId: string): Promise<VmDns> {
    return this.stack.gateway.live(vmId, this.revisions.get(vmId) ?? 0, PATIENCE_MS);
  }

  state(vmId: string, state: VmDns['state']): Promise<VmDns> {
    return this.stack.gateway.reaches(vmId, this.revisions.get(vmId) ?? 0, (dns) => dns.state === state, state, PATIENCE_MS);
  }

  async answers(name: string, type: 'A' | 'AAAA' | 'PTR'): Promise<readonly string[]> {
    return (await this.stack.dns(name, type)).values;
  }

  async answersOfSecond(name: string, type: 'A' | 'AAAA' | 'PTR'): Promise<readonly string[]> {
    if (this.second === undefined) throw new Error('this world has one PowerDNS');
    return (await dnsAsk(this.second.powerdns.dns, name, type)).values;
  }

  /** The adapter's row of a name: inbox, ledger and last outcome. */
  async adapterRow(name: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    return (await this.stack.database.query<Record<string, unknown>>('select * from adapter_powerdns.name where owner_name = $1', [name]))[0];
  }

  async turnOf(name: string): Promise<number> {
    return Number((await this.adapterRow(name))?.['turn']);
  }

  /** The replica that holds the lane of a zone now. */
  async holderOf(apex: string): Promise<ServiceProcess> {
    const [lane] = await this.stack.database.query<{ owner: string | null }>('select owner from adapter_powerdns.lane where target like $1', [`%|${apex}`]);
    const found = this.all('adapter-powerdns').find((service) => lane?.owner?.startsWith(service.instance));
    if (found === undefined) throw new Error(`nobody holds the lane of ${apex} (${String(lane?.owner)})`);
    return found;
  }

  adapterLog(): string {
    return this.all('adapter-powerdns').map((service) => service.logs()).join('\n');
  }

  /** The last message of a stream on a subject, as it was published. */
  async lastMessage(stream: string, subject: string): Promise<string> {
    const manager = await this.bus.current.jetstreamManager();
    const message = await manager.streams.getMessage(stream, { last_by_subj: subject });
    return new TextDecoder().decode(message.data);
  }

  async publish(subject: string, text: string): Promise<void> {
    const trace = headers();
    await until(async () => this.bus.current.jetstream().publish(subject, new TextEncoder().encode(text), { headers: trace }).then(() => true, () => false), { withinMs: 20_000, what: `publishing ${subject}` });
  }

  /** What is published on a subject from now on. */
  follow(subject: string): Seen[] {
    const seen: Seen[] = [];
    this.bus.current.subscribe(subject, {
      callback: (_error, message) => {
        const event = JSON.parse(message.string()) as ResultEvent;
        seen.push({ subject: message.subject, data: event.data, event });
      },
    });
    return seen;
  }

  /** Everything on the bus is gone: streams, consumers, messages (L1). */
  async wipeBus(): Promise<void> {
    await this.bus.current.close().catch(() => undefined);
    await this.stack.nats.wipe();
    this.bus.current = await connect({ servers: this.stack.nats.url });
    await until(async () => (await (await this.bus.current.jetstreamManager()).streams.info('COMMAND')).config.name === 'COMMAND', { withinMs: 30_000, what: 'the streams to come back' });
  }

  /** Takes a message off a stream, once it is there: it was published, and nobody hears of it. */
  async lose(stream: string, subject: string): Promise<void> {
    const manager = await this.bus.current.jetstreamManager();
    await until(async () => (await manager.streams.purge(stream, { filter: subject })).purged > 0, { withinMs: 20_000, what: `a message on ${subject}` });
  }

  /** A transaction of a stranger that locks the planner's zone set, so that a planner stands still in the middle. */
  async lockPlanner(): Promise<{ waitedFor(): Promise<void>; release(): Promise<void> }> {
    const client = new pg.Client({ connectionString: this.stack.database.url });
    await client.connect();
    await client.query('begin');
    await client.query('lock table planner.vm in share row exclusive mode');
    return {
      waitedFor: () => until(async () => (await this.stack.database.query<{ n: number }>(
        `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and usename = 'vmdns_planner'`))[0]?.n !== 0,
      { withinMs: 20_000, what: 'a planner to wait' }).then(() => undefined),
      release: async () => { await client.query('rollback'); await client.end(); },
    };
  }

  private remember(vmId: string, answer: FactAnswer): FactAnswer {
    this.revisions.set(vmId, Math.max(this.revisions.get(vmId) ?? 0, answer.revision));
    return answer;
  }
}

/** Loaded by `node --import` before anything else: the process believes another time. */
const skewSource = (ms: number): string => `
const Real = Date;
const skewed = class extends Real {
  constructor(...given) { if (given.length === 0) super(Real.now() + ${ms}); else super(...given); }
  static now() { return Real.now() + ${ms}; }
};
globalThis.Date = skewed;
`;

function nodeOptions(folder: string, ms: number): Readonly<Record<string, string>> {
  const file = join(folder, `clock-${ms}.mjs`);
  writeFileSync(file, skewSource(ms));
  return { NODE_OPTIONS: `--import=file://${file}` };
}

function clockOf(stack: Stack, options: WorldOptions, service: string, replica: number): Readonly<Record<string, string>> {
  const ms = options.clockAheadMs?.[`${service}#${replica}`] ?? (replica === 0 ? options.clockAheadMs?.[service] : undefined);
  return ms === undefined ? {} : nodeOptions(stack.folder, ms);
}

function clocksOf(options: WorldOptions, replica: number): Partial<Record<ServiceName, Readonly<Record<string, string>>>> {
  const clocks: Partial<Record<ServiceName, Readonly<Record<string, string>>>> = {};
  for (const service of ['inventory', 'planner', 'log', 'gateway'] as const) {
    const ms = options.clockAheadMs?.[`${service}#${replica}`] ?? options.clockAheadMs?.[service];
    if (ms !== undefined) clocks[service] = nodeOptions(process.env['TMPDIR'] ?? '/tmp', ms);
  }
  return clocks;
}
