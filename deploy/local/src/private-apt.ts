import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where Debian keeps what is installed; read, never written. */
const DPKG_STATUS = '/var/lib/dpkg/status';
const LIMIT_MS = 240_000;

/** Whether apt's own tools are here: Debian, Ubuntu and their children. */
export function hasApt(): boolean {
  return ['/usr/bin/apt-get', '/usr/bin/apt-config', '/usr/bin/dpkg-deb', '/usr/bin/dpkg-query'].every((tool) => existsSync(tool)) && existsSync(DPKG_STATUS);
}

/**
 * apt with a state of its own: it reads the system's sources, keys and proxies, verifies as always, and writes only
 * below its folder. Needs no root, takes no system lock, installs nothing.
 */
export class PrivateApt {
  private readonly environment: NodeJS.ProcessEnv;
  private updated = false;

  private constructor(private readonly folder: string, config: string, private readonly systemLists: string) {
    this.environment = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', APT_CONFIG: config, ...proxies() };
  }

  static async open(folder: string, systemLists = '/var/lib/apt/lists'): Promise<PrivateApt> {
    for (const part of ['state/lists/partial', 'cache/archives/partial']) mkdirSync(join(folder, part), { recursive: true });
    const dumped = await run('apt-config', ['dump'], { env: { ...process.env, LC_ALL: 'C' } });
    // The machine's proxies and the like are kept; its hooks are not: they would act on the system, and fail without root.
    const kept = dumped.stdout.split('\n').filter((line) => /^(Acquire::(?!IndexTargets)|APT::Architectures?[ :]|APT::Default-Release )/.test(line) && !line.endsWith(' "";'));
    const own = {
      'Dir::State': join(folder, 'state'),
      'Dir::State::status': DPKG_STATUS,
      'Dir::Cache': join(folder, 'cache'),
      'Dir::Etc::parts': '/dev/null',
      'Dir::Etc::main': '/dev/null',
      'APT::Sandbox::User': process.getuid?.() === 0 ? 'root' : '',
      'Acquire::Languages': 'none',
      'Acquire::Retries': '2',
      'Acquire::http::Timeout': '20',
      'Acquire::https::Timeout': '20',
    };
    const config = join(folder, 'apt.conf');
    writeFileSync(config, [...kept, ...Object.entries(own).map(([key, value]) => `${key} "${value}";`), ''].join('\n'), { mode: 0o600 });
    return new PrivateApt(folder, config, systemLists);
  }

  /** Downloads the packages' files into `into`, from the system's lists, or from fresh ones where those are old or missing. */
  async download(packages: readonly string[], into: string): Promise<void> {
    const fromSystem = ['-o', `Dir::State::lists=${this.systemLists}`, ...this.cacheFor('system')];
    const fromOwn = this.cacheFor('own');
    if (!this.updated && existsSync(this.systemLists) && readdirSync(this.systemLists).some((file) => file.includes('_Packages'))) {
      const got = await this.apt(['download', ...packages], fromSystem, into).then(() => true, () => false);
      if (got) return;
    }
    await this.update();
    await this.apt(['download', ...packages], fromOwn, into);
  }

  private cacheFor(lists: string): string[] {
    return ['-o', `Dir::Cache::pkgcache=${lists}.pkgcache`, '-o', `Dir::Cache::srcpkgcache=${lists}.srcpkgcache`];
  }

  /** A foreign source that cannot be reached is not our trouble as long as the archive itself can: hence no error here. */
  private async update(): Promise<void> {
    if (this.updated) return;
    await this.apt(['update'], this.cacheFor('own'), this.folder).catch(() => undefined);
    this.updated = true;
  }

  private async apt(words: readonly string[], options: readonly string[], cwd: string): Promise<void> {
    await run('apt-get', ['-q', '-y', ...options, ...words], { cwd, env: this.environment, timeout: LIMIT_MS, maxBuffer: 16 * 1024 * 1024 });
  }

  /** The libraries that a downloaded package file says it needs, first choice of each, that are not installed. */
  async missingLibraries(debFile: string): Promise<readonly string[]> {
    const { stdout } = await run('dpkg-deb', ['-f', debFile, 'Depends', 'Pre-Depends'], { env: this.environment });
    const wanted = stdout.replace(/^(Pre-)?Depends:/gm, ',').split(',').map((choices) => choices.split('|').map((one) => one.trim().split(/[\s:(]/)[0] ?? ''));
    const missing: string[] = [];
    for (const choices of wanted) {
      const libraries = choices.filter((name) => /^lib[a-z0-9]/.test(name));
      const first = libraries[0];
      if (first === undefined) continue;
      const installed = await Promise.all(libraries.map((name) => this.isInstalled(name)));
      if (!installed.includes(true)) missing.push(first);
    }
    return missing;
  }

  private async isInstalled(name: string): Promise<boolean> {
    try {
      const { stdout } = await run('dpkg-query', ['-W', '-f', '${db:Status-Status}\\n', name], { env: this.environment });
      return stdout.split('\n').includes('installed');
    } catch {
      return false;
    }
  }

  async unpack(debFile: string, root: string): Promise<void> {
    await run('dpkg-deb', ['-x', debFile, root], { env: this.environment });
  }
}

function proxies(): NodeJS.ProcessEnv {
  const names = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
}
