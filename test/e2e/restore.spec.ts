import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Zone } from '@vmdns/contracts';
import pg from 'pg';
import { newFolder, ROOT, startStack, until, type Stack } from '../support/index.js';
import { accepted } from './accepted.js';

// A database that is older than the world: 200 changes were made after it was dumped.

// Longer than any wait in here, so that a failure says what was waited for.
jest.setTimeout(200_000);

const PATIENCE_MS = 90_000;

/** A folder of real client programs (test/postgres15); without it the dump is a copy of the database and psql is spoken for. */
const PROGRAMS = process.env['POSTGRES_PROGRAMS'];

/** Speaks as `psql --file=-` does where PostgreSQL's client programs are not installed. */
const PSQL = `#!${process.execPath}
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
const pg = createRequire(${JSON.stringify(join(ROOT, 'test', 'package.json'))})('pg');
const client = new pg.Client();
try {
  await client.connect();
  const results = [await client.query(await text(process.stdin))].flat();
  for (const { rows } of results) for (const row of rows) console.log(Object.values(row).join('|'));
} catch (error) {
  console.error(error.message);
  process.exitCode = 3;
}
await client.end();
`;

async function vmdns(words: readonly string[], path: string): Promise<{ code: number | null; out: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'services', 'cli', 'bin', 'vmdns.mjs'), ...words], { env: { PATH: path }, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => { child.once('close', resolve); });
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, out: out + err };
}

describe('a restored database', () => {
  let stack: Stack;
  let zone: Zone;
  beforeAll(async () => {
    stack = await startStack({ postgres: PROGRAMS === undefined ? 'own' : 'shared' });
    zone = await stack.addZone('restored.test');
  }, 150_000);
  afterAll(() => stack?.stop());

  const ids = (letter: string, from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `${letter}${from + i}`);
  const say = (type: string, some: readonly string[], data: (vmId: string) => object) => accepted(() => stack.gateway.ask('POST', '/v1/events', {
    body: some.map((vmId) => ({ specversion: '1.0', id: `${type} ${vmId} ${Math.random()}`, source: 'platform', type, time: new Date().toISOString(), data: { vmId, ...data(vmId) } })),
    headers: { 'content-type': 'application/cloudevents-batch+json' },
  }));
  const are = (some: readonly string[], octet: number) => say('vmdns.vm.changed.v1', some, (vmId) => ({ fqdn: `${vmId}.restored.test`, addresses: [{ ip: `10.${octet}.0.${vmId.slice(1)}` }] }));
  const areGone = (some: readonly string[]) => say('vmdns.vm.deleted.v1', some, () => ({}));
  const served = async () => (await stack.powerdns.rrsets('restored.test.')).filter((rrset) => rrset.type === 'A').map((rrset) => `${rrset.name} ${rrset.records.map((record) => record.content).join()}`).sort();
  const text4 = (some: readonly string[], octet: number): string[] => some.map((vmId) => `${vmId}.restored.test. 10.${octet}.0.${vmId.slice(1)}`);
  const serves = (expected: readonly string[]) => until(async () => JSON.stringify(await served()) === JSON.stringify([...expected].sort()), { withinMs: PATIENCE_MS, everyMs: 200, what: 'the zone to hold what the facts say' });
  const allSettled = () => until(async () => (await stack.database.query('select 1 from planner.name where settled_generation < generation')).length === 0, { withinMs: PATIENCE_MS, what: 'all to be settled' });
  const endAll = () => Promise.all(stack.replicas.map((service) => service.kill()));
  const beginAll = async () => {
    await Promise.all(stack.replicas.map((service) => service.restart()));
    await Promise.all(stack.replicas.map((service) => service.ready(PATIENCE_MS)));
  };
  const atServer = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: stack.database.url.replace(/\/[^/]*$/, '/postgres') });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };

  /** While the services run, where there is a pg_dump; gives the backup's folder. */
  async function keep(): Promise<string | undefined> {
    if (PROGRAMS !== undefined) {
      const folder = join(newFolder('backup'), 'today');
      expect(await vmdns(['backup', folder, '--database', stack.database.url], PROGRAMS)).toMatchObject({ code: 0 });
      return folder;
    }
    await endAll();
    await atServer(`create database dump template "${stack.database.name}"`);
    await beginAll();
    return undefined;
  }

  async function readBack(backup: string | undefined): Promise<{ code: number | null; out: string }> {
    const words = ['--database', stack.database.url, '--nats', stack.nats.url, '--services-are-stopped'];
    if (PROGRAMS !== undefined && backup !== undefined) return vmdns(['restore', backup, ...words], PROGRAMS);
    await atServer(`drop database "${stack.database.name}" with (force)`);
    await atServer(`create database "${stack.database.name}" template dump`);
    const programs = newFolder('programs');
    writeFileSync(join(programs, 'package.json'), '{"type":"module"}');
    writeFileSync(join(programs, 'psql'), PSQL, { mode: 0o755 });
    return vmdns(['restore', ...words], programs);
  }

  it('after 200 more changes: nothing is written, deleted or refused as foreign; equals are ours, the rest is told; publishers put it right', async () => {
    const [same, moved, ended, born] = [ids('r', 0, 20), ids('r', 20, 80), ids('r', 80, 120), ids('n', 0, 100)];
    await are([...same, ...moved, ...ended], 1);
    await serves(text4([...same, ...moved, ...ended], 1));
    await allSettled();
    const backup = await keep();
    await are(born, 2);
    await serves([...text4([...same, ...moved, ...ended], 1), ...text4(born, 2)]);
    await are(moved, 3);
    await areGone(ended);
    const truth = [...text4(same, 1), ...text4(moved, 3), ...text4(born, 2)].sort();
    await serves(truth);

    await endAll();
    expect(await readBack(backup)).toMatchObject({ code: 0, out: expect.stringContaining('mode observe') });
    const written = stack.proxy.patchesOf('restored.test.').length;
    await beginAll();

    const drift = await until(async () => { const now = await stack.gateway.reconcile(zone.id); return now.counts?.moving === 0 && now.counts.adoptable === 0 ? now : undefined; }, { withinMs: PATIENCE_MS, everyMs: 1_000, what: 'every name to be read, and a comparison' });
    expect(drift).toMatchObject({ mode: 'observe', counts: { equal: 20, adoptable: 0, differs: 60, missing: 40, orphans: 0, repaired: 0, foreignByType: { A: 100 } } });
    expect([await served(), stack.proxy.patchesOf('restored.test.').length - written]).toEqual([truth, 0]);
    expect(await stack.database.query(`select owner_name from planner.name where reason->>'code' = 'foreign-record'`)).toEqual([]);

    // What its publishers know is said again: in mode observe it is only looked at.
    await are([...same, ...moved], 1).then(() => are(moved, 3));
    await are(born, 2);
    await areGone(ended);
    await until(async () => (await stack.database.query(`select 1 from planner.vm where vm_id like 'n%'`)).length === 100 && (await stack.database.query(`select 1 from planner.vm where vm_id like 'r%' and deleted`)).length === 40, { withinMs: PATIENCE_MS, what: 'the facts to be planned' });
    expect([await served(), stack.proxy.patchesOf('restored.test.').length - written]).toEqual([truth, 0]);
    await stack.gateway.changeZone(zone.id, { mode: 'write' });
    await allSettled();
    expect(await served()).toEqual(truth);
    // What was made after the dump is ours again: it follows its VM.
    await are(['n5', 'r25'], 4);
    await serves([...truth.filter((line) => !/^(n5|r25)\./.test(line)), ...text4(['n5', 'r25'], 4)]);
    await areGone(['n6']);
    await serves([...truth.filter((line) => !/^(n5|n6|r25)\./.test(line)), ...text4(['n5', 'r25'], 4)]);
  });
});
