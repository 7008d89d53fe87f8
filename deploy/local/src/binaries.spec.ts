import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BinaryMissing, findNatsServer, findPowerdns, type Finder } from './binaries.js';
import { hasApt } from './private-apt.js';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
let folder: string;
const said: string[] = [];

function program(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return path;
}

const finder = (env: Finder['env']): Finder => ({ toolsFolder: join(folder, 'tools'), env, say: (line) => said.push(line) });
/** What installing a package would touch. */
const system = (): unknown => ['/var/lib/dpkg/status', '/var/lib/apt/lists', '/var/cache/apt/archives', '/usr/sbin', '/usr/bin', '/etc'].map((path) => (existsSync(path) ? [path, statSync(path).mtimeMs] : [path]));
const nobody = (): { readonly uid: number; readonly gid: number } => ({ uid: Number(execFileSync('id', ['-u', 'nobody'])), gid: Number(execFileSync('id', ['-g', 'nobody'])) });
/** Downloading needs a Debian; there these tests are not optional. */
const onDebian = hasApt() ? it : it.skip;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vmdns-finder-'));
  chmodSync(folder, 0o777);
});
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

describe('finding nats-server and pdns_server', () => {
  it('takes what the environment names before anything else', async () => {
    const named = program('my-nats', 'echo unused');
    expect(await findNatsServer(finder({ NATS_SERVER: named, PATH: '' }))).toMatchObject({ path: named, origin: 'environment', args: [] });
    expect(await findPowerdns(finder({ PDNS_SERVER: named, PDNS_MODULE_DIR: '/opt/modules', PATH: '' }))).toMatchObject({ path: named, args: ['--module-dir=/opt/modules'] });
  });

  it('says which variable names something that is no program', async () => {
    await expect(findNatsServer(finder({ NATS_SERVER: '/does/not/exist' }))).rejects.toThrow('NATS_SERVER names /does/not/exist, which is not a program that can be run');
  });

  it.each(['2.9.10', '2.10.27', '3.0.0'])('takes nats-server %s from PATH', async (version) => {
    const path = program('nats-server', `echo "nats-server: v${version}"`);
    expect(await findNatsServer(finder({ PATH: folder }))).toMatchObject({ path, origin: 'path' });
  });

  it('takes pdns_server from PATH when the backend is built in', async () => {
    const path = program('pdns_server', 'echo "Built-in modules: lmdb gsqlite3" >&2; exit 99');
    expect(await findPowerdns(finder({ PATH: folder }), ['lmdb'])).toMatchObject({ path, origin: 'path' });
  });

  onDebian('passes an older nats-server on PATH by, and says what to type when nothing can be downloaded', async () => {
    program('nats-server', 'echo "nats-server: v2.9.9"');
    const proxy = process.env['http_proxy'];
    process.env['http_proxy'] = 'http://127.0.0.1:9';
    try {
      const found = findNatsServer(finder({ PATH: folder })).catch((error: unknown) => error);
      const answer = await found;
      // A newer one in the system's own folders is as good.
      if (!(answer instanceof BinaryMissing)) expect(answer).toMatchObject({ origin: 'path' });
      else expect(answer.message).toMatch(/^nats-server 2\.9\.10 or newer was not found, and downloading it failed: .*\. Type: sudo apt-get update && sudo apt-get install --no-install-recommends nats-server {3}or: docker compose up$/);
    } finally {
      if (proxy === undefined) delete process.env['http_proxy'];
      else process.env['http_proxy'] = proxy;
    }
  }, 120_000);

  onDebian('unpacks packages and the libraries they lack, without root and without touching the system', () => {
    const before = system();
    const tools = join(folder, 'unpacked');
    // Copied, because another account may not be able to enter the checkout.
    const code = join(folder, 'code');
    cpSync(DIST, code, { recursive: true });
    writeFileSync(join(code, 'package.json'), '{"type":"module"}');
    const text = `const { unpackDebianPackages } = await import(${JSON.stringify(join(code, 'debian-packages.js'))});
      console.log(JSON.stringify(await unpackDebianPackages('pdns-server', ['pdns-server', 'pdns-backend-lmdb'], ${JSON.stringify(tools)}, () => {})));`;
    const asNobody = process.getuid?.() === 0 ? nobody() : {};
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', text], { encoding: 'utf8', cwd: '/', timeout: 150_000, env: { PATH: process.env['PATH'], HOME: folder, http_proxy: process.env['http_proxy'] }, ...asNobody });
    const packages = JSON.parse(output) as { readonly root: string; readonly libraryPath: string };
    const version = spawnSync(join(packages.root, 'usr/sbin/pdns_server'), ['--version'], { encoding: 'utf8', env: { LD_LIBRARY_PATH: packages.libraryPath } });
    expect(`${version.stdout}${version.stderr}`).toContain('PowerDNS Authoritative Server');
    expect(readdirSync(tools).filter((name) => /\.(lock|new|apt)$/.test(name))).toEqual([]);
    expect(system()).toEqual(before);
  }, 180_000);
});
