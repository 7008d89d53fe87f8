import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from '@jest/globals';
import { run } from '../program.js';
import { dropStreams } from './streams.js';

const folder = mkdtempSync(join(tmpdir(), 'vmdns-recovery-'));
afterAll(() => { rmSync(folder, { recursive: true }); });

/** Programs of PostgreSQL that do as they are told, and write down what they were told. */
function program(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

async function vmdns(...words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const both = Promise.all([text(stdout), text(stderr)]);
  const code = await run(words, {
    environment: { PATH: `${folder}:/usr/bin:/bin`, VMDNS_DATABASE_URL: 'postgres://ada:s%20ecret@db:5433/vmdns', VMDNS_HOME: 'none' }, folder,
    stdin: Readable.from([]), stdout, stderr, signal: new AbortController().signal, now: () => new Date(0),
  });
  stdout.end();
  stderr.end();
  const [out, err] = await both;
  return { code, out, err };
}

const mode = (file: string): string => (statSync(file).mode & 0o777).toString(8);

describe('vmdns backup', () => {
  it('L10 keeps the database and the keys apart, for its caller only, and no password in any argument', async () => {
    program('pg_dump', `for word in "$@"; do case $word in --file=*) echo "dump of $PGDATABASE at $PGHOST:$PGPORT as $PGUSER/$PGPASSWORD" > "\${word#--file=}";; esac; done; echo "$@" > ${folder}/args`);
    program('psql', 'cat > /dev/null; echo 3');
    writeFileSync(join(folder, 'powerdns.json'), '{"private":"key"}', { mode: 0o644 });
    const done = await vmdns('backup', 'b1', '--key', 'powerdns.json');
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(readFileSync(join(folder, 'b1/database.dump'), 'utf8')).toBe('dump of vmdns at db:5433 as ada/s ecret\n');
    expect(JSON.parse(readFileSync(join(folder, 'b1/backup.json'), 'utf8'))).toMatchObject({ at: '1970-01-01T00:00:00.000Z', timeline: 3 });
    expect(['b1/database.dump', 'b1/backup.json', 'b1-keys/powerdns.json', 'b1', 'b1-keys'].map((name) => mode(join(folder, name)))).toEqual(['600', '600', '600', '700', '700']);
    expect(readFileSync(join(folder, 'args'), 'utf8')).not.toContain('ecret');
    expect(await vmdns('backup', 'b1')).toMatchObject({ code: 2, err: expect.stringContaining('already') });
  });

  it('says what to do where pg_dump fails or is not there', async () => {
    program('pg_dump', 'echo "pg_dump: error: aborting because of server version mismatch" >&2; echo "pg_dump: detail: server version: 18.1; pg_dump version: 15.18 (Debian 15.18-0+deb12u1)" >&2; exit 1');
    expect(await vmdns('backup', 'b2')).toMatchObject({ code: 1, err: expect.stringMatching(/version mismatch[^]*client programs of PostgreSQL, version 18 or later[^]*postgresql-client-18[^]*backup\.md/) });
    // What it left behind is in nobody's way when that is done.
    program('pg_dump', 'for word in "$@"; do case $word in --file=*) echo dump > "${word#--file=}";; esac; done');
    expect(await vmdns('backup', 'b2')).toMatchObject({ code: 0, err: '' });
    rmSync(join(folder, 'pg_dump'));
    const away = await vmdns('backup', 'b3', '--database', 'nonsense');
    expect([away.code, away.err]).toEqual([2, expect.stringContaining('postgres://')]);
  });
});

describe('vmdns restore', () => {
  it('does nothing while services may run, nor without knowing of the streams', async () => {
    expect(await vmdns('restore', 'b1', '--nats', 'none')).toMatchObject({ code: 2, err: expect.stringContaining('--services-are-stopped') });
    expect(await vmdns('restore', 'b1', '--services-are-stopped')).toMatchObject({ code: 2, err: expect.stringContaining('--nats') });
  });

  it('refuses a dump that is not as it was written', async () => {
    program('psql', 'cat > /dev/null; echo 3');
    writeFileSync(join(folder, 'b1/database.dump'), 'cut');
    expect(await vmdns('restore', 'b1', '--nats', 'none', '--services-are-stopped')).toMatchObject({ code: 1, err: expect.stringContaining('not as it was written') });
  });

  it('reads the dump back, raises the timeline above what there was, and puts the keys where they go', async () => {
    program('pg_dump', 'for word in "$@"; do case $word in --file=*) echo dump > "${word#--file=}";; esac; done');
    program('pg_restore', `echo "$@" >> ${folder}/restored; echo '6; 2615 16386 SCHEMA - planner vmdns_planner'`);
    program('psql', `cat >> ${folder}/sql; echo 7`);
    await vmdns('backup', 'b4', '--key', 'powerdns.json');
    const done = await vmdns('restore', 'b4', '--nats', 'none', '--services-are-stopped', '--keys-from', 'b4-keys', '--keys-to', 'keys');
    expect(done).toMatchObject({ code: 0, out: expect.stringContaining('mode observe') });
    expect(readFileSync(join(folder, 'restored'), 'utf8')).toContain('b4/database.dump');
    expect(readFileSync(join(folder, 'sql'), 'utf8')).toContain('greatest(timeline, 7) + 1');
    expect(readFileSync(join(folder, 'sql'), 'utf8')).toMatch(/array\['planner'\][^]*drop schema if exists planner__replaced cascade[^]*greatest\(timeline/);
    expect([readFileSync(join(folder, 'keys/powerdns.json'), 'utf8'), mode(join(folder, 'keys/powerdns.json'))]).toEqual(['{"private":"key"}', '600']);
  });

  it('puts back what was there where the dump cannot be read, and says what to do about its version', async () => {
    program('pg_restore', `case $1 in --list) echo '6; 2615 16386 SCHEMA - planner vmdns_planner';; *) echo 'pg_restore: error: unsupported version (1.16) in file header' >&2; exit 1;; esac`);
    rmSync(join(folder, 'sql'));
    expect(await vmdns('restore', 'b4', '--nats', 'none', '--services-are-stopped')).toMatchObject({ code: 1, err: expect.stringMatching(/unsupported version[^]*newer pg_dump than this pg_restore: install/) });
    const sql = readFileSync(join(folder, 'sql'), 'utf8');
    expect([sql.includes("name || '__replaced', name)"), sql.includes('drop schema if exists planner__replaced cascade'), sql.includes('greatest(timeline')]).toEqual([true, false, false]);
  });

  it('says so when NATS refuses, or says nothing', async () => {
    const server = createServer((socket) => { socket.write("INFO {}\r\n-ERR 'Authorization Violation'\r\n"); socket.on('error', () => undefined); });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    const { port } = server.address() as AddressInfo;
    await expect(dropStreams(`nats://127.0.0.1:${port}`, ['EVENT'])).rejects.toMatchObject({ lines: [expect.stringContaining('Authorization'), expect.stringContaining('--nats none')] });
    server.close();
    await expect(dropStreams(`nats://127.0.0.1:${port}`, ['EVENT'])).rejects.toMatchObject({ exitCode: 1 });
  });
});
