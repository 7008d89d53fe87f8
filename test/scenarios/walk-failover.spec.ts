import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { FactAnswer, VmFact } from '@vmdns/contracts';
import pg from 'pg';
import { startPostgresPair, startStack, TestDatabase, until, type HttpAnswer, type PostgresPair, type Stack } from '../support/index.js';
import { accepted } from '../e2e/accepted.js';
import { LostDecisions } from './lost-decisions.js';

// Longer than any wait in here, so that a failure says what was waited for.
jest.setTimeout(150_000);

const PATIENCE_MS = 60_000;

async function ask<T extends object>(url: string, sql: string): Promise<T | undefined> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows[0];
  } finally {
    await client.end();
  }
}

// Walk (o) of PROTOCOL §10: a real standby, promoted without the primary's last transactions.
describe('PostgreSQL fails over to a standby that lacks its last seconds', () => {
  let pair: PostgresPair;
  let stack: Stack;
  let decisions: LostDecisions;
  beforeAll(async () => {
    pair = await startPostgresPair();
    stack = await startStack({ postgres: pair.primary, searched: false });
    await stack.addZone('o.walk.test');
    await stack.addZone('113.0.203.in-addr.arpa');
    decisions = new LostDecisions(stack);
    await decisions.prepare();
  }, 200_000);
  afterAll(async () => {
    await stack?.stop();
    await pair?.standby.stop();
    await pair?.between.close();
  });

  const put = async (vmId: string, fact: VmFact): Promise<number> => (await taken(() => stack.gateway.ask('PUT', `/v1/vms/${vmId}`, { body: fact, withinMs: 4_000 }))).revision;
  const taken = async (send: () => Promise<HttpAnswer>): Promise<FactAnswer> => {
    const answer = await accepted(send);
    expect(answer).toMatchObject({ status: 202 });
    return answer.body as FactAnswer;
  };
  const fact = (name: string, octet: number, more: Partial<VmFact> = {}): VmFact => ({ fqdn: `${name}.o.walk.test`, addresses: [{ ip: `203.0.113.${octet}` }], ...more });
  const live = (vmId: string, revision: number) => stack.gateway.reaches(vmId, revision, (dns) => dns.live && dns.state === 'live', 'live', PATIENCE_MS);
  const gone = (vmId: string, revision: number) => stack.gateway.reaches(vmId, revision, (dns) => dns.state === 'gone', 'gone', PATIENCE_MS);
  const a = async (name: string) => (await stack.dns(`${name}.o.walk.test`, 'A')).values;
  const ptr = async (octet: number) => (await stack.dns(`${octet}.113.0.203.in-addr.arpa`, 'PTR')).values;

  async function standbyHasAll(): Promise<void> {
    const at = await ask<{ lsn: string }>(pair.primary.url(), 'select pg_current_wal_lsn() as lsn');
    await until(async () => (await ask<{ there: boolean }>(pair.standby.url(), `select pg_last_wal_replay_lsn() >= '${at?.lsn ?? ''}'::pg_lsn as there`))?.there === true, { withinMs: 30_000, what: 'the standby to have all' });
  }

  async function failOver(): Promise<void> {
    await pair.primary.kill();
    await ask(pair.standby.url(), 'select pg_promote(true, 60)');
    stack.postgresProxy.leadTo({ host: '127.0.0.1', port: pair.standby.port });
    stack.postgresProxy.cut();
  }

  it('(o) what was answered in them is taken back from the event stream before any new fact: changed, created, deleted, a customer\'s PTR', async () => {
    await put('changed', fact('changed', 1));
    await put('deleted', fact('deleted', 2));
    await put('customer', fact('customer', 3));
    await put('versioned', fact('versioned', 4, { version: 1 }));
    await put('next', fact('next', 5));
    for (const vmId of ['changed', 'deleted', 'customer', 'versioned', 'next']) await live(vmId, 1);
    await standbyHasAll();
    pair.between.pause();

    await live('changed', await put('changed', fact('changed', 11)));
    await live('created', await put('created', fact('created', 12)));
    await live('hurried', await put('hurried', fact('hurried', 15)));
    await live('versioned', await put('versioned', fact('versioned', 14, { version: 2 })));
    await gone('deleted', (await taken(() => stack.gateway.ask('DELETE', '/v1/vms/deleted', { withinMs: 4_000 }))).revision);
    await live('customer', (await taken(() => stack.gateway.ask('PUT', '/v1/vms/customer/addresses/203.0.113.3/ptr', { body: { hostname: 'shop.customer.example' }, withinMs: 4_000 }))).revision);
    await stack.addZone('lost.walk.test');
    await decisions.decide();
    await failOver();
    const refused = decisions.staysRefused();
    refused.catch(() => undefined);
    const database = new TestDatabase(pair.standby.url(), stack.database.name);
    expect(await database.query(`select 1 from inventory.vm where vm_id = 'created'`)).toEqual([]);

    // New facts come at once, before anything was read back; one about an address that nobody knows just now.
    await taken(() => stack.gateway.ask('PUT', '/v1/vms/created/addresses/203.0.113.12/ptr', { body: { hostname: 'early.customer.example' }, withinMs: 4_000 }));
    const next = await put('next', fact('next', 25));
    const hurried = await put('hurried', fact('hurried', 16));
    for (const [vmId, revision] of [['changed', 2], ['created', 2], ['versioned', 2], ['customer', 2], ['next', next], ['hurried', hurried]] as const) {
      expect((await live(vmId, revision)).records.map((record) => record.state)).not.toContain('refused');
    }
    await gone('deleted', 2);
    expect([await a('changed'), await a('created'), await a('versioned'), await a('deleted'), await a('next')]).toEqual([['203.0.113.11'], ['203.0.113.12'], ['203.0.113.14'], [], ['203.0.113.25']]);
    expect([await ptr(3), await ptr(12)]).toEqual([['shop.customer.example.'], ['early.customer.example.']]);
    // Made in the lost seconds, and changed before it was known again: neither refused as somebody's nor left behind.
    expect([await a('hurried'), await ptr(16)]).toEqual([['203.0.113.16'], ['hurried.o.walk.test.']]);
    await until(async () => (await ptr(15)).length === 0, { withinMs: PATIENCE_MS, what: 'the address that was left to have no name' });
    // A revision that was lost is not given again.
    expect(await put('changed', fact('changed', 21))).toBe(3);
    await live('changed', 3);
    expect(await a('changed')).toEqual(['203.0.113.21']);
    // What its publisher may not have seen answered is known again; the next is news, and claims are not given twice.
    const again = await accepted(() => stack.gateway.ask('PUT', '/v1/vms/versioned', { body: fact('versioned', 14, { version: 2 }), withinMs: 4_000 }));
    expect(again.body).toMatchObject({ accepted: false, reason: 'repeat', revision: 2 });
    await live('late', await put('late', fact('late', 30)));
    expect(await ptr(30)).toEqual(['late.o.walk.test.']);
    const claims = await database.query<{ n: number; distinct: number }>(`select count(*)::int as n, count(distinct claim)::int as distinct from inventory.vm, jsonb_path_query(body, '$.addresses[*].claim') as claim`);
    expect(claims[0]?.distinct).toBe(claims[0]?.n);
    // What cannot be done again without a person is said; what was said of names is in the log as before.
    const said = (query: string, what: string) => until(async () => JSON.stringify((await stack.gateway.ask('GET', `/v1/log?${query}`)).body).includes(what), { withinMs: PATIENCE_MS, what: `the log to say ${what}` });
    await said('zone=lost.walk.test', 'was added (mode write, not paused) in the seconds that PostgreSQL lost');
    await said('vmId=created', 'created.o.walk.test. now has A 203.0.113.12');
    expect(await database.query<{ timeline: string }>('select timeline from vmdns_shared.timeline')).toEqual([{ timeline: '2' }]);
    await refused;
  });

  it('(o) what people decided in them counts again where that is safe, and each is said: settings, limits, a revoked token, a new one, a rejected hold, a deletion that waited, pauses', () => decisions.stand());
});
