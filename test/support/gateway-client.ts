import { GatewayApi, Refused, until, type CallOptions, type HttpAnswer } from '@vmdns/local';
import type { AdoptDifferent, Adoption, Connection, Explanation, FactAnswer, Hold, HoldMember, HoldOutcome, LogEntry, PauseMade, PauseScope, PlanningSettings, VmDns, VmFact, VmView, Zone, ZoneChanged, ZoneDrift, ZoneInput, ZoneTest } from '@vmdns/contracts';
import type { z } from 'zod';

interface Listed<T> { readonly items: readonly T[]; readonly next?: string }
type Body<T extends z.ZodType> = z.input<T>;

/** What a zone is added with: name and connection, the rest as the API presets it. */
export type NewZoneEntry = Pick<Body<typeof ZoneInput>, 'name' | 'connectionId'> & Partial<Body<typeof ZoneInput>>;

/** Every call of the gateway, typed; refusals throw `Refused` with status and problem, `ask` gives them as they are. */
export class GatewayClient {
  private readonly api: GatewayApi;

  /** `hear` is told of every answer. */
  constructor(readonly url: string, readonly token: string, private readonly hear: (call: string, answer: HttpAnswer) => void = () => undefined) {
    this.api = new GatewayApi(url, token);
  }

  /** The same door with another token. */
  as(token: string): GatewayClient {
    return new GatewayClient(this.url, token, this.hear);
  }

  async ask(method: string, path: string, options?: CallOptions): Promise<HttpAnswer> {
    const answer = await this.api.ask(method, path, options);
    this.hear(`${method} ${path}`, answer);
    return answer;
  }

  /** Sent again while vmdns cannot right now (503): so the contract asks, and a busy machine needs it. */
  private async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await until(async () => {
      const given = await this.ask(method, path, body === undefined ? {} : { body });
      return given.status === 503 ? undefined : given;
    }, { withinMs: 20_000, everyMs: 100, what: `${method} ${path} to be answered` });
    if (answer.status < 200 || answer.status > 299) throw new Refused(method, path, answer);
    return answer.body as T;
  }

  putVm(vmId: string, fact: VmFact): Promise<FactAnswer> {
    return this.call('PUT', `/v1/vms/${encodeURIComponent(vmId)}`, fact);
  }

  getVm(vmId: string): Promise<VmView> {
    return this.call('GET', `/v1/vms/${encodeURIComponent(vmId)}`);
  }

  findVms(query: { readonly ip?: string; readonly name?: string }): Promise<Listed<VmView>> {
    return this.call('GET', `/v1/vms?${new URLSearchParams(query).toString()}`);
  }

  deleteVm(vmId: string, query: { readonly uid?: string; readonly version?: number } = {}): Promise<FactAnswer> {
    return this.call('DELETE', `/v1/vms/${encodeURIComponent(vmId)}${queryText(query)}`);
  }

  setPtr(vmId: string, ip: string, hostname: string | null): Promise<FactAnswer> {
    return this.call('PUT', `/v1/vms/${encodeURIComponent(vmId)}/addresses/${encodeURIComponent(ip)}/ptr`, { hostname });
  }

  dns(vmId: string, options: { readonly revision?: number; readonly wait?: string } = {}): Promise<VmDns> {
    return this.call('GET', `/v1/vms/${encodeURIComponent(vmId)}/dns${queryText(options)}`);
  }

  /** Waits until every record of this revision (or a later one) is answered or explained (L14). */
  async live(vmId: string, revision: number, withinMs = 20_000): Promise<VmDns> {
    return this.reaches(vmId, revision, (dns) => dns.live, 'live', withinMs);
  }

  /** Waits for a state of the VM's DNS, such as `gone` or `attention`. */
  async reaches(vmId: string, revision: number, is: (dns: VmDns) => boolean, what: string, withinMs = 20_000): Promise<VmDns> {
    let last: VmDns | undefined;
    const look = async (): Promise<VmDns | undefined> => {
      last = await this.dns(vmId, { revision });
      return last.plannedRevision >= revision && is(last) ? last : undefined;
    };
    return until(look, { withinMs, what: `${vmId} to be ${what}` }).catch((error: unknown) => {
      throw new Error(`${vmId} did not become ${what} for revision ${revision}: ${JSON.stringify(last)}`, { cause: error });
    });
  }

  /** Publishes the fact and waits until it is live. */
  async publish(vmId: string, fact: VmFact, withinMs?: number): Promise<VmDns> {
    const { revision } = await this.putVm(vmId, fact);
    return this.live(vmId, revision, withinMs);
  }

  explain(q: string): Promise<Explanation> {
    return this.call('GET', `/v1/explain?q=${encodeURIComponent(q)}`);
  }

  /** One CloudEvent, structured. */
  event(event: Readonly<Record<string, unknown>>): Promise<HttpAnswer> {
    return this.ask('POST', '/v1/events', { body: event, headers: { 'content-type': 'application/cloudevents+json' } });
  }

  providers(): Promise<Listed<{ readonly name: string; readonly kid?: string }>> {
    return this.call('GET', '/v1/providers');
  }

  /** Waits until the adapter has announced itself: before that no connection can be made. */
  async announced(provider: string, withinMs = 30_000): Promise<void> {
    await until(async () => (await this.providers()).items.some((one) => one.name === provider), { withinMs, everyMs: 100, what: `${provider} to announce itself` });
  }

  addConnection(name: string, provider: string, settings: Readonly<Record<string, unknown>>): Promise<Connection> {
    return this.call('POST', '/v1/connections', { name, provider, settings });
  }

  connections(): Promise<Listed<Connection>> {
    return this.call('GET', '/v1/connections');
  }

  setSecrets(connectionId: string, secrets: Readonly<Record<string, string>>): Promise<Connection> {
    return this.call('PUT', `/v1/connections/${connectionId}/secrets`, secrets);
  }

  changeConnection(connectionId: string, change: { readonly name?: string; readonly settings?: Readonly<Record<string, unknown>> }): Promise<Connection> {
    return this.call('PATCH', `/v1/connections/${connectionId}`, change);
  }

  addZone(zone: NewZoneEntry): Promise<Zone> {
    return this.call('POST', '/v1/zones', zone);
  }

  zone(zoneId: string): Promise<Zone> {
    return this.call('GET', `/v1/zones/${zoneId}`);
  }

  zones(name?: string): Promise<Listed<Zone>> {
    return this.call('GET', `/v1/zones${name === undefined ? '' : `?name=${encodeURIComponent(name)}`}`);
  }

  changeZone(zoneId: string, change: Readonly<Record<string, unknown>>): Promise<ZoneChanged> {
    return this.call('PATCH', `/v1/zones/${zoneId}`, change);
  }

  removeZone(zoneId: string, options: { readonly purge?: boolean } = {}): Promise<Zone> {
    return this.call('DELETE', `/v1/zones/${zoneId}${options.purge === true ? '?purge=true' : ''}`);
  }

  testZone(zoneId: string): Promise<ZoneTest> {
    return this.call('POST', `/v1/zones/${zoneId}/test`);
  }

  moveZone(zoneId: string, connectionId: string): Promise<Zone> {
    return this.call('POST', `/v1/zones/${zoneId}/move`, { connectionId });
  }

  drift(zoneId: string, query: Readonly<Record<string, string | number>> = {}): Promise<ZoneDrift> {
    return this.call('GET', `/v1/zones/${zoneId}/drift${queryText(query)}`);
  }

  /** Compares the zone and waits for it. */
  async reconcile(zoneId: string, options: { readonly trustListing?: boolean } = {}): Promise<ZoneDrift> {
    const { askedAt } = await this.call<ZoneDrift>('POST', `/v1/zones/${zoneId}/reconcile`, options);
    return until(async () => { const drift = await this.drift(zoneId); return drift.state !== 'comparing' && drift.askedAt === askedAt ? drift : undefined; }, { withinMs: 40_000, what: 'the comparison' });
  }

  adopt(zoneId: string, options: { readonly different?: AdoptDifferent; readonly dryRun?: boolean } = {}): Promise<Adoption> {
    return this.call('POST', `/v1/zones/${zoneId}/adopt`, options);
  }

  releaseZone(zoneId: string): Promise<Zone> {
    return this.call('POST', `/v1/zones/${zoneId}/release`);
  }

  /** Hands off a name (`release`), or takes it (`adopt`). */
  async hand(verb: 'release' | 'adopt', name: string): Promise<void> {
    await this.call('POST', `/v1/records/${verb}`, { name });
  }

  zoneRecords(zoneId: string): Promise<Listed<{ readonly name: string; readonly state: string; readonly generation: number }>> {
    return this.call('GET', `/v1/zones/${zoneId}/records`);
  }

  pause(scope: PauseScope, why = 'test'): Promise<PauseMade> {
    return this.call('POST', '/v1/pause', { scope, why });
  }

  async resume(pauseId: string): Promise<void> {
    await this.call('DELETE', `/v1/pause/${pauseId}`);
  }

  settings(): Promise<PlanningSettings & { readonly brakes: unknown }> {
    return this.call('GET', '/v1/settings');
  }

  /** Replaces all settings: what is not named takes its default. */
  putSettings(settings: Readonly<Record<string, unknown>>): Promise<PlanningSettings> {
    return this.call('PUT', '/v1/settings', settings);
  }

  holds(state?: 'open' | 'approved' | 'rejected'): Promise<Listed<Hold>> {
    return this.call('GET', `/v1/holds${state === undefined ? '' : `?state=${state}`}`);
  }

  hold(holdId: string): Promise<{ readonly hold: Hold; readonly members: readonly z.infer<typeof HoldMember>[] }> {
    return this.call('GET', `/v1/holds/${holdId}`);
  }

  decide(holdId: string, decision: 'approve' | 'reject'): Promise<z.infer<typeof HoldOutcome>> {
    return this.call('POST', `/v1/holds/${holdId}/${decision}`);
  }

  log(query: Readonly<Record<string, string>> = {}): Promise<Listed<LogEntry>> {
    return this.call('GET', `/v1/log?${new URLSearchParams(query).toString()}`);
  }
}

function queryText(query: Readonly<Record<string, string | number | undefined>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}
