import { execFile, spawnSync } from 'node:child_process';
import { ROOT } from '../../deploy/local/prepare.mjs';

const OUTPUT_BYTES = 64 * 1024 * 1024;

/** Why compose cannot be run here; undefined when it can. */
export function whyNoEngine() {
  for (const words of [['version', '--format', '{{.Server.Version}}'], ['compose', 'version', '--short']]) {
    const { status } = spawnSync('docker', words, { stdio: 'ignore' });
    if (status !== 0) return `docker ${words[0]} does not answer`;
  }
  return undefined;
}

/** Runs docker; gives its output, and throws what it complained of. */
export function docker(words, { input, env = {}, withinMs = 120_000, cwd = ROOT } = {}) {
  return new Promise((resolve, reject) => {
    const child = execFile('docker', words, { cwd, env: { ...process.env, ...env }, timeout: withinMs, maxBuffer: OUTPUT_BYTES }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`docker ${words.slice(0, 8).join(' ')}: ${error.killed ? `not done within ${withinMs} ms` : `exit code ${error.code}`}\n${stderr.slice(-4_000)}`));
    });
    child.stdin?.end(input ?? '');
  });
}

/** One composed vmdns of its own name, with its own ports and images. */
export class Composed {
  constructor(project, env) {
    this.project = project;
    this.env = env;
  }

  compose(words, options = {}) {
    return docker(['compose', '--project-name', this.project, ...words], { ...options, env: this.env });
  }

  async build() {
    await this.compose(['build'], { withinMs: 900_000 });
  }

  async up(adapters) {
    await this.compose(['up', '--wait', '--wait-timeout', '180', '--scale', `adapter-powerdns=${adapters}`], { withinMs: 240_000 });
  }

  /** Runs a program in a container of the service. */
  exec(service, words, options) {
    return this.compose(['exec', '-T', service, ...words], options);
  }

  read(service, file) {
    return this.exec(service, ['cat', file]);
  }

  /** What docker knows of each container, by name. */
  async containers() {
    const ids = (await docker(['ps', '-aq', '--filter', `label=com.docker.compose.project=${this.project}`])).split('\n').filter((id) => id !== '');
    return ids.length === 0 ? [] : JSON.parse(await docker(['inspect', ...ids]));
  }

  async running(service) {
    return (await this.containers()).filter((one) => one.State.Running && (service === undefined || one.Config.Labels['com.docker.compose.service'] === service));
  }

  /** What is left of it: containers, volumes, networks. */
  async leftovers() {
    const filter = ['--filter', `label=com.docker.compose.project=${this.project}`, '-q'];
    const lists = await Promise.all([docker(['ps', '-a', ...filter]), docker(['volume', 'ls', ...filter]), docker(['network', 'ls', ...filter])]);
    return lists.join('').split('\n').filter((line) => line !== '');
  }
}
