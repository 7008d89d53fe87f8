import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasApt, PostgresServer, unpackDebianPackages } from '@vmdns/local';

/*
 * Runs specs against Debian 12's PostgreSQL 15 instead of the embedded one, and backup and restore with its own pg_dump,
 * pg_restore and psql. Where it is not installed, apt's own tools unpack it; no root is needed.
 */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const INSTALLED = '/usr/lib/postgresql/15/bin';
const SPECS = process.argv.length > 2 ? process.argv.slice(2) : ['test/e2e/restore.spec.ts', 'test/e2e/story.spec.ts', 'test/e2e/planning.spec.ts', 'libs/store', 'libs/adapter-host/src/commands', 'services/log/src/log.spec.ts'];

async function findPrograms() {
  if (existsSync(join(INSTALLED, 'postgres'))) return { folder: INSTALLED, env: {} };
  if (!hasApt()) return undefined;
  const tools = process.env.VMDNS_TOOLS ?? join(ROOT, '.vmdns', 'tools');
  const packages = await unpackDebianPackages('postgresql-15', ['postgresql-15', 'postgresql-client-15'], tools, (line) => console.log(line)).catch((error) => { console.log(String(error.message).split('\n')[0]); });
  return packages === undefined ? undefined : { folder: join(packages.root, 'usr/lib/postgresql/15/bin'), env: { LD_LIBRARY_PATH: packages.libraryPath } };
}

const programs = await findPrograms();
if (programs === undefined) {
  console.log('skipped: no PostgreSQL 15, here or from apt');
  process.exit(0);
}
const home = mkdtempSync(join(tmpdir(), 'vmdns-postgres15-'));
chmodSync(home, 0o711);
const clients = join(home, 'clients');
mkdirSync(clients);
for (const program of ['pg_dump', 'pg_restore', 'psql']) {
  const around = Object.entries(programs.env).map(([key, value]) => `${key}='${value}' `).join('');
  writeFileSync(join(clients, program), `#!/bin/sh\n${around}exec '${join(programs.folder, program)}' "$@"\n`, { mode: 0o755 });
}
const server = await PostgresServer.start({ folder: join(home, 'postgres'), programs: programs.folder, password: 'vmdns', env: programs.env, settings: { fsync: 'off', max_connections: '400' } });
try {
  const env = { ...process.env, VMDNS_TEST_POSTGRES: server.url(), POSTGRES_PROGRAMS: clients };
  const jest = spawn(process.execPath, [join(ROOT, 'node_modules/jest/bin/jest.js'), '--config', 'jest.config.mjs', '-w', '1', ...SPECS], { cwd: ROOT, env, stdio: 'inherit' });
  process.exitCode = await new Promise((resolve) => { jest.once('close', (code) => { resolve(code ?? 1); }); });
} finally {
  await server.stop();
  rmSync(home, { recursive: true, force: true });
}
