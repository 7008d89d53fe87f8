import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inboxOf, natsAuthorization, natsUsers, OPERATOR, platformUser, tenantUser, type Cast } from '@vmdns/nats';
import { startNats, until, type NatsServer } from '../support/index.js';
import { connect, Events, type NatsConnection } from 'nats';
import { Bus, silentLog } from '@vmdns/bus';
import { streams } from '@vmdns/contracts';

const CAST: Cast = { providers: ['powerdns', 'cloudflare'], tenants: ['acme'], platforms: ['cloud'] };
const USERS = natsUsers(CAST);
const passwordOf = (user: string) => `the-password-of-${user.replaceAll('.', '-')}`;
const everybody = USERS.map(({ name }) => name).filter((name) => name !== OPERATOR);

/** One subject of every kind that somebody publishes or listens to, and who may. */
const PUBLISH: readonly (readonly [string, readonly string[]])[] = [
  ['vmdns.ingest.vm', [platformUser('cloud')]],
  ['vmdns.ingest.vm.acme', [platformUser('cloud'), tenantUser('acme')]],
  ['vmdns.ingest.vm.other', [platformUser('cloud')]],
  ['vmdns.event.vm.vm-1', ['inventory']],
  ['vmdns.zone.powerdns', ['planner']],
  ['vmdns.command.powerdns.z1', ['planner']],
  ['vmdns.result.powerdns.z1', ['adapter-powerdns']],
  ['vmdns.result.cloudflare.z1', ['adapter-cloudflare']],
  ['vmdns.announce.powerdns', ['adapter-powerdns']],
  ['vmdns.status.vm-1', ['planner']],
  ['vmdns.notice.gateway', ['gateway']],
  ['vmdns.notice.inventory', ['inventory']],
  ['vmdns.notice.planner', ['planner']],
  ['vmdns.notice.adapter-powerdns', ['adapter-powerdns']],
  ['vmdns.deadletter.inventory', ['inventory']],
  ['vmdns.deadletter.adapter-powerdns', ['adapter-powerdns']],
  ...['gateway', 'inventory', 'planner'].map((name) => [`vmdns.deed.${name}`, [name]] as const),
  ['vmdns.deed.log', []],
  ['vmdns.logentry', ['log']],
  ['vmdns.rpc.inventory.facts', ['gateway']],
  ['vmdns.rpc.inventory.changes-after', ['planner']],
  ['vmdns.rpc.planner.zone-add', ['gateway']],
  ['vmdns.rpc.planner.changes-after', ['adapter-powerdns', 'adapter-cloudflare']],
  ['vmdns.rpc.log.search', ['gateway']],
  ['vmdns.rpc.adapter-powerdns.zone-test', ['gateway']],
  ['vmdns.rpc.adapter-powerdns.zones-stop', ['planner']],
  ['vmdns.stop.powerdns', ['adapter-powerdns']],
  ['vmdns.stop.cloudflare', ['adapter-cloudflare']],
  ['_INBOX.gateway.x', ['inventory', 'planner', 'log', 'adapter-powerdns', 'adapter-cloudflare']],
  ['_INBOX.planner.x', ['inventory', 'adapter-powerdns', 'adapter-cloudflare']],
  ['_INBOX.adapter-powerdns.x', ['planner']],
  ['_INBOX.publisher.tenant.acme.x', ['inventory']],
  ['_INBOX.nobody', []],
  ['$JS.API.STREAM.CREATE.COMMAND', ['planner', 'adapter-powerdns', 'adapter-cloudflare']],
  ['$JS.API.STREAM.INFO.EVENT', ['inventory', 'planner']],
  ['$JS.API.STREAM.DELETE.EVENT', []],
  ['$JS.API.STREAM.PURGE.EVENT', []],
  ['$JS.API.STREAM.MSG.GET.ZONE', ['planner']],
  ['$JS.API.STREAM.MSG.GET.EVENT', ['inventory']],
  ['$JS.API.STREAM.MSG.GET.COMMAND', ['planner', 'adapter-powerdns', 'adapter-cloudflare']],
  ['$JS.API.STREAM.MSG.GET.RESULT', ['log']],
  ['$JS.API.STREAM.MSG.GET.DEADLETTER', ['log']],
  ['$JS.API.STREAM.MSG.GET.INGEST', []],
  ['$JS.API.STREAM.MSG.GET.DEED', ['gateway', 'inventory', 'planner']],
  ['$JS.API.STREAM.LIST', []],
  ['$JS.API.CONSUMER.CREATE.EVENT.planner.vmdns.event.vm.*', ['planner']],
  ['$JS.API.CONSUMER.CREATE.EVENT.spy.vmdns.event.vm.*', []],
  ['$JS.API.CONSUMER.CREATE.EVENT', []],
  ['$JS.API.CONSUMER.DURABLE.CREATE.EVENT.planner', []],
  ['$JS.API.CONSUMER.CREATE.COMMAND.adapter-powerdns.vmdns.command.powerdns.*', ['adapter-powerdns']],
  ['$JS.API.CONSUMER.CREATE.COMMAND.adapter-powerdns.vmdns.command.cloudflare.*', []],
  ['$JS.API.CONSUMER.MSG.NEXT.COMMAND.adapter-powerdns', ['adapter-powerdns']],
  ['$JS.API.CONSUMER.DELETE.COMMAND.adapter-powerdns', []],
  ['$JS.ACK.COMMAND.adapter-powerdns.1.1.1.1.1', ['adapter-powerdns']],
  ['$SYS.REQ.SERVER.PING', []],
  ['anything.else', []],
];
const SUBSCRIBE: readonly (readonly [string, readonly string[]])[] = [
  ['>', []],
  ['vmdns.>', []],
  ['_INBOX.>', []],
  ['vmdns.ingest.>', []],
  ['vmdns.event.vm.*', []],
  ['vmdns.zone.powerdns', []],
  ['vmdns.command.powerdns.*', []],
  ['vmdns.result.*.*', []],
  ['vmdns.announce.*', ['gateway', 'planner']],
  ['vmdns.status.*', ['gateway', platformUser('cloud')]],
  ['vmdns.logentry', ['gateway']],
  ['vmdns.stop.powerdns', ['adapter-powerdns']],
  ['vmdns.deadletter.*', []],
  ['vmdns.rpc.inventory.facts', ['inventory']],
  ['vmdns.rpc.planner.zone-add', ['planner']],
  ['vmdns.rpc.log.search', ['log']],
  ['vmdns.rpc.adapter-powerdns.zone-test', ['adapter-powerdns']],
  ['vmdns.rpc.>', []],
  ['$JS.API.>', []],
  ['$SYS.>', []],
  ...everybody.map((name) => [inboxOf(name), [name]] as const),
];

describe('the users of NATS', () => {
  let nats: NatsServer;
  const connections = new Map<string, NatsConnection>();
  const refusals = new Map<string, Set<string>>();

  const as = async (user: string): Promise<NatsConnection> => {
    const known = connections.get(user);
    if (known !== undefined) return known;
    const made = await connect({ servers: nats.url, user, pass: passwordOf(user), inboxPrefix: inboxOf(user).slice(0, -2) });
    const refused = new Set<string>();
    refusals.set(user, refused);
    connections.set(user, made);
    void (async () => {
      for await (const status of made.status()) {
        if (status.type === Events.Error && status.permissionContext !== undefined) refused.add(`${status.permissionContext.operation} ${status.permissionContext.subject}`);
      }
    })();
    return made;
  };
  /** What the server refused of these, for this user. */
  const refusedOf = async (user: string, operation: 'publish' | 'subscription', subjects: readonly string[]): Promise<readonly string[]> => {
    const connection = await as(user);
    for (const subject of subjects) {
      if (operation === 'publish') connection.publish(subject, new TextEncoder().encode('{}'));
      else connection.subscribe(subject, { callback: () => undefined });
    }
    // Refusals come in order, so this one comes last.
    connection.publish('the.last.of.them');
    await until(() => refusals.get(user)?.has('publish the.last.of.them') === true, { withinMs: 10_000 });
    refusals.get(user)?.delete('publish the.last.of.them');
    return subjects.filter((subject) => refusals.get(user)?.has(`${operation} ${subject}`) === true);
  };

  beforeAll(async () => { nats = await startNats({ config: natsAuthorization(CAST, passwordOf) }); });
  afterAll(async () => {
    await Promise.all([...connections.values()].map((connection) => connection.close()));
    await nats.kill();
  });

  it('nobody connects without a name, with another password, or as somebody unknown', async () => {
    const tries = [{}, { user: 'planner', pass: passwordOf('gateway') }, { user: 'somebody', pass: 'the-password-of-somebody' }];
    for (const credentials of tries) await expect(connect({ servers: nats.url, ...credentials })).rejects.toThrow(/Authorization/);
  });

  it.each(everybody)('%s publishes to its own subjects, and every other publish is refused', async (user) => {
    const refused = await refusedOf(user, 'publish', PUBLISH.map(([subject]) => subject));
    expect(refused).toEqual(PUBLISH.filter(([, allowed]) => !allowed.includes(user)).map(([subject]) => subject));
  });

  it.each(everybody)('%s listens to its own subjects, and every other subscription is refused', async (user) => {
    const refused = await refusedOf(user, 'subscription', SUBSCRIBE.map(([subject]) => subject));
    expect(refused).toEqual(SUBSCRIBE.filter(([, allowed]) => !allowed.includes(user)).map(([subject]) => subject));
  });

  it('every allowed subject of every user is tried above, so that a new one is a line there', () => {
    const tried = (list: typeof PUBLISH) => (allowed: string) => list.some(([subject]) => matches(allowed, subject));
    const families = (subjects: readonly string[]) => subjects.filter((subject) => !subject.startsWith('$JS.') && !subject.startsWith('vmdns.rpc.'));
    for (const { name, publish, subscribe } of USERS.filter((user) => user.name !== OPERATOR)) {
      const untried = [...families(publish).filter((subject) => !tried(PUBLISH)(subject)), ...families(subscribe).filter((subject) => !tried(SUBSCRIBE)(subject))];
      expect([name, untried.filter((subject) => !/cloudflare|publisher\.platform|operator|deadletter\.(planner|log)/.test(subject))]).toEqual([name, []]);
    }
  });

  it('each service can make the streams that it uses, also when it starts first', async () => {
    for (const [user, names] of [['inventory', ['INGEST', 'EVENT']], ['planner', ['ZONE', 'COMMAND', 'STATUS']], ['gateway', ['DEED']], ['log', ['RESULT', 'DEADLETTER']]] as const) {
      const bus = await Bus.connect({ url: nats.url, name: user, user, password: passwordOf(user), log: silentLog });
      await bus.ensureStreams(names.map((name) => streams[name]));
      await bus.whenReady(10_000);
      await bus.close();
    }
    const operator = await as(OPERATOR);
    const manager = await operator.jetstreamManager();
    await until(async () => {
      const found: string[] = [];
      for await (const info of manager.streams.list()) found.push(info.config.name);
      return Object.keys(streams).every((name) => found.includes(name));
    });
  });
});

/** Whether a NATS pattern covers a subject. */
function matches(pattern: string, subject: string): boolean {
  const [wanted, given] = [pattern.split('.'), subject.split('.')];
  for (const [at, token] of wanted.entries()) {
    if (token === '>') return given.length > at;
    if (given[at] === undefined || (token !== '*' && token !== given[at])) return false;
  }
  return wanted.length === given.length;
}
