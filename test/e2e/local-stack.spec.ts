import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { childEnv, dnsAsk, finder, findSecrets, findSecretsInFiles, freePort, GatewayClient, newFolder, ROOT, until, within } from '../support/index.js';

interface Endpoints { readonly http: string; readonly token: string; readonly powerdns: { readonly dns: { readonly host: string; readonly port: number } } }

/** One `npm start`, as a person types it. */
class Launch {
  /** What all of them said. */
  static said = '';
  output = '';
  readonly ended: Promise<number | null>;

  private constructor(readonly npm: ChildProcess) {
    for (const stream of [npm.stdout, npm.stderr]) stream?.on('data', (part: Buffer) => { this.output += part.toString('utf8'); Launch.said += part.toString('utf8'); });
    this.ended = new Promise((resolve) => { npm.once('exit', (code) => resolve(code)); });
  }

  static now(env: Readonly<Record<string, string>>, command: readonly string[] = ['npm', 'start']): Launch {
    const [program = '', ...words] = command;
    return new Launch(spawn(program, words, { cwd: ROOT, detached: true, env: { ...process.env, ...childEnv(), VMDNS_PREPARED: '1', NODE_OPTIONS: '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  async ready(): Promise<void> {
    await until(() => this.output.includes('vmdns is ready.') || this.npm.exitCode !== null, { withinMs: 120_000, what: 'the stack to be ready' });
    if (!this.output.includes('vmdns is ready.')) throw new Error(`npm start ended:\n${this.output}`);
  }

  async exitCode(withinMs = 60_000): Promise<number | null> {
    const code = await within(this.ended.then((one) => ({ one })), withinMs);
    if (code === undefined) throw new Error(`still running after ${withinMs} ms:\n${this.output}`);
    return code.one;
  }
}

/** The pids of everything that runs from this home or for it. */
function runningFrom(home: string): readonly number[] {
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).map(Number).filter((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      return words.includes(home) || (environment.includes(home) && words.includes('dist/main.js'));
    } catch {
      return false;
    }
  });
}

const pidOf = (home: string, part: string): number => (JSON.parse(readFileSync(join(home, 'run', `${part}.json`), 'utf8')) as { readonly pid: number }).pid;
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe('npm start', () => {
  let home: string;
  let env: Record<string, string>;
  let launch: Launch | undefined;
  const endpoints = (): Endpoints => JSON.parse(readFileSync(join(home, 'endpoints.json'), 'utf8')) as Endpoints;
  const gateway = (): GatewayClient => new GatewayClient(endpoints().http, endpoints().token);

  beforeAll(async () => {
    home = join(newFolder('home'), 'state');
    env = {
      VMDNS_HOME: home,
      VMDNS_TOOLS: finder().toolsFolder,
      VMDNS_HTTP_PORT: String(await freePort()),
      VMDNS_NATS_PORT: String(await freePort()),
      VMDNS_POSTGRES_PORT: String(await freePort()),
      VMDNS_POWERDNS_API_PORT: String(await freePort()),
      VMDNS_DNS_PORT: String(await freePort()),
    };
  });

  afterAll(async () => {
    launch?.npm.kill('SIGTERM');
    await launch?.exitCode().catch(() => undefined);
  });

  it('shows on its first run what the name server answers for a sample VM, and keeps its secrets to itself', async () => {
    launch = Launch.now(env);
    await launch.ready();
    expect(launch.output).toContain(`console      ${endpoints().http}/`);
    expect(launch.output).toContain('vm1.demo.vmdns.test. A → 192.0.2.10');
    expect(launch.output).toContain('vm1.demo.vmdns.test. AAAA → 2001:db8::10');
    expect(launch.output).toContain('10.2.0.192.in-addr.arpa. PTR → vm1.demo.vmdns.test.');
    expect([mode(home), mode(join(home, 'endpoints.json')), mode(join(home, 'secrets')), mode(join(home, 'secrets', 'admin-token'))]).toEqual(['711', '600', '700', '600']);
    expect((await fetch(`${endpoints().http}/v1/zones`)).status).toBe(401);
    const zones = (await gateway().zones()).items.map((zone) => zone.name);
    expect(zones.sort()).toEqual(['0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.', '2.0.192.in-addr.arpa.', 'demo.vmdns.test.']);
  }, 180_000);

  it('is one of its kind: a second one from the same home says so and changes nothing', async () => {
    const second = Launch.now(env);
    expect(await second.exitCode()).not.toBe(0);
    expect(second.output).toMatch(/already runs from .* stop it with: kill \d+/);
    expect((await gateway().zones()).items).toHaveLength(3);
  }, 90_000);

  it('starts again whatever was killed', async () => {
    for (const part of ['planner', 'nats', 'postgres', 'powerdns', 'adapter-powerdns', 'inventory', 'gateway']) process.kill(pidOf(home, part), 'SIGKILL');
    const stored = await until(() => gateway().putVm('after-kill', { fqdn: 'after-kill.demo.vmdns.test', addresses: [{ ip: '192.0.2.31' }] }), { withinMs: 60_000, what: 'the gateway to take a fact again' });
    await until(() => gateway().live('after-kill', stored.revision), { withinMs: 60_000, what: 'the VM to be live' });
    expect((await dnsAsk(endpoints().powerdns.dns, 'after-kill.demo.vmdns.test.', 'A')).values).toEqual(['192.0.2.31']);
  }, 150_000);

  it('leaves nothing behind when it is told to stop', async () => {
    launch?.npm.kill('SIGTERM');
    expect(await launch?.exitCode()).toBe(0);
    expect(runningFrom(home)).toEqual([]);
    expect(existsSync(join(home, 'endpoints.json'))).toBe(false);
  }, 90_000);

  it('continues where it ended: the same token, zones and VMs', async () => {
    const token = readFileSync(join(home, 'secrets', 'admin-token'), 'utf8').trim();
    launch = Launch.now(env);
    await launch.ready();
    expect(endpoints().token).toBe(token);
    expect((await gateway().zones()).items).toHaveLength(3);
    expect((await gateway().dns('after-kill')).live).toBe(true);
    expect((await dnsAsk(endpoints().powerdns.dns, 'after-kill.demo.vmdns.test.', 'A')).values).toEqual(['192.0.2.31']);
  }, 150_000);

  it('continues on other ports: what it wrote before is still its own', async () => {
    launch?.npm.kill('SIGTERM');
    await launch?.exitCode();
    env = { ...env, VMDNS_POWERDNS_API_PORT: String(await freePort()), VMDNS_DNS_PORT: String(await freePort()) };
    launch = Launch.now(env);
    await launch.ready();
    const dns = await gateway().publish('after-kill', { fqdn: 'after-kill.demo.vmdns.test', addresses: [{ ip: '192.0.2.32' }] }, 60_000);
    expect(dns.state).toBe('live');
    expect((await dnsAsk(endpoints().powerdns.dns, 'after-kill.demo.vmdns.test.', 'A')).values).toEqual(['192.0.2.32']);
  }, 150_000);

  it('recovers after its launcher was killed and left everything running', async () => {
    const left = launch;
    process.kill(pidOf(home, 'launcher'), 'SIGKILL');
    await left?.exitCode();
    expect(runningFrom(home).length).toBeGreaterThan(5);
    launch = Launch.now(env);
    await launch.ready();
    expect((await gateway().dns('after-kill')).live).toBe(true);
  }, 150_000);

  it('takes over when npm itself was killed', async () => {
    const npm = launch?.npm.pid ?? 0;
    process.kill(npm, 'SIGKILL');
    launch = Launch.now(env);
    await launch.ready();
    expect((await gateway().dns('after-kill')).live).toBe(true);
    launch.npm.kill('SIGTERM');
    expect(await launch.exitCode()).toBe(0);
    expect(runningFrom(home)).toEqual([]);
  }, 180_000);

  it('names the port that is taken, and the variable that changes it, in one line', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => { other.listen(Number(env['VMDNS_HTTP_PORT']), '127.0.0.1', () => resolve()); });
    const refused = Launch.now(env);
    expect(await refused.exitCode()).toBe(1);
    await new Promise((resolve) => { other.close(resolve); });
    expect(refused.output.split('\n').filter((line) => line.startsWith('port '))).toEqual([`port ${env['VMDNS_HTTP_PORT']} for the API is taken: set VMDNS_HTTP_PORT to another one, or stop what listens there`]);
    expect(runningFrom(home)).toEqual([]);
  }, 90_000);

  it('L10 has left its secrets nowhere but where they belong: in no log, table, stream, and in nothing it said', () => {
    const secrets = Object.fromEntries(readdirSync(join(home, 'secrets')).map((name) => [name, readFileSync(join(home, 'secrets', name), 'utf8').trim()]));
    expect(Object.keys(secrets)).toEqual(expect.arrayContaining(['admin-token', 'powerdns-api-key', 'nats-gateway', 'postgres-planner']));
    const found = [...findSecrets({ output: Launch.said }, secrets), ...findSecretsInFiles('its home', home, secrets, ['secrets/', 'keys/', '.conf', 'pg_wal/'])];
    expect(found).toEqual([]);
    // The net is whole: what is no secret is found in it.
    expect(findSecretsInFiles('its home', home, { vm: 'after-kill' }, ['secrets/', 'keys/', '.conf', 'pg_wal/']).length).toBeGreaterThan(2);
  }, 60_000);
});

describe('npm run demo', () => {
  it('tells the story and finds every answer right', async () => {
    const story = Launch.now({ VMDNS_TOOLS: finder().toolsFolder }, ['npm', 'run', 'demo']);
    expect(await story.exitCode(150_000)).toBe(0);
    expect(story.output).toContain('Every answer was right.');
    expect(story.output.match(/ {3}right;/g)).toHaveLength(6);
  }, 180_000);
});
