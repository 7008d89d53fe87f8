import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { newFolder, ROOT } from '../support/run-folder.js';

const WELL = 'exit 0', NO_NETWORK = 'echo "E: Failed to fetch http://deb.debian.org/" >&2; exit 100';

/** Another machine: which of apt's tools it has, and what they do; whether it has the archive's keys; what is unpacked there. */
interface Machine { readonly tools: Readonly<Record<string, string>>; readonly keys: boolean; readonly unpacked: Readonly<Record<string, string>> }
const APT = { 'apt-get': WELL, 'apt-config': WELL, 'dpkg-deb': WELL };
const TREE = { 'usr/lib64/ld-linux-x.so.2': '#!/bin/sh\necho "Illegal instruction" >&2\nexit 132\n', 'usr/lib/pdns/liblmdbbackend.so': '', 'usr/lib/libc.so.6': '' };

async function runOn({ tools, keys, unpacked }: Machine): Promise<string> {
  const folder = newFolder('debian13');
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text, { mode: 0o755 });
  };
  mkdirSync(join(folder, 'bin'));
  for (const [name, does] of Object.entries(tools)) put(`bin/${name}`, `#!/bin/sh\n${does}\n`);
  if (keys) put('keys.gpg', '');
  for (const [path, text] of Object.entries(unpacked)) put(`tools/debian-13-${process.arch}/${path}`, text);
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'test/debian13/run.mjs')], { env: { PATH: join(folder, 'bin'), DEBIAN_KEYRING: join(folder, 'keys.gpg'), VMDNS_TOOLS: join(folder, 'tools') } });
  return stdout;
}

describe('the run against Debian 13', () => {
  it.each<readonly [string, Machine]>([
    ['no-apt', { tools: {}, keys: true, unpacked: {} }],
    ['no-apt', { tools: { 'apt-get': WELL, 'apt-config': WELL }, keys: true, unpacked: {} }],
    ['no-keyring', { tools: APT, keys: false, unpacked: {} }],
    ['offline', { tools: { ...APT, 'apt-get': NO_NETWORK }, keys: true, unpacked: {} }],
    ['offline', { tools: { ...APT, 'apt-get': `case "$*" in *install*) ${NO_NETWORK};; esac` }, keys: true, unpacked: {} }],
    ['loader', { tools: {}, keys: false, unpacked: { ready: '', ...Object.fromEntries(Object.entries(TREE).map(([path, text]) => [`root/${path}`, text])) } }],
  ])('where it cannot be run it ends well, and says why: %s', async (word, machine) => {
    const said = await runOn(machine);
    expect(said.trimEnd().split('\n').at(-1)).toBe(`skipped: ${word}`);
    if (word === 'offline') expect(said).toContain('E: Failed to fetch');
  });
});
