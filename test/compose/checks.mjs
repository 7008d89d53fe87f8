import { docker } from './engine.mjs';

const FINE_EXITS = [0, 143];
const GRACE_MS = 10_000;

/** Every process of every container has an ordinary user, a system that cannot be written, and no capability. */
export async function checkHardening(composed) {
  const containers = await composed.running();
  for (const { Id, Name, HostConfig, State } of containers) {
    const users = (await docker(['top', Id, '-eo', 'pid,uid,comm'])).split('\n').slice(1).filter((line) => line !== '');
    if (users.some((line) => /^\s*\d+\s+0\s/.test(line))) throw new Error(`${Name} runs as root: ${users.join('; ')}`);
    if (!HostConfig.ReadonlyRootfs) throw new Error(`${Name}: the file system can be written`);
    if (!HostConfig.CapDrop?.includes('ALL') || HostConfig.CapAdd?.length > 0) throw new Error(`${Name} keeps capabilities`);
    if (!HostConfig.SecurityOpt?.some((option) => option.startsWith('no-new-privileges'))) throw new Error(`${Name} may gain privileges`);
    if (State.Health?.Status !== 'healthy') throw new Error(`${Name} has no health check or is not healthy`);
    const wrote = await docker(['exec', Id, 'sh', '-c', 'echo x > /usr/x']).then(() => true, () => false);
    if (wrote) throw new Error(`${Name} wrote to /usr`);
  }
  return `${containers.length} containers`;
}

/** Every secret is a file for one user, and is in no environment, argument, label or log line. */
export async function checkSecrets(composed) {
  const list = `const fs = require('fs'); const out = [];
    const walk = (folder) => { for (const entry of fs.readdirSync(folder, { withFileTypes: true })) { const path = folder + '/' + entry.name; if (entry.isDirectory()) walk(path); else out.push({ path, mode: fs.statSync(path).mode & 0o777, text: fs.readFileSync(path, 'utf8') }); } };
    walk('/run/vmdns'); walk('/keys'); process.stdout.write(JSON.stringify(out));`;
  const files = JSON.parse(await composed.compose(['run', '--rm', '--no-deps', '-T', '--quiet-pull', 'secrets', 'node', '-e', list]));
  const open = files.filter(({ mode }) => (mode & 0o077) !== 0);
  if (open.length > 0) throw new Error(`open to others: ${open.map(({ path }) => path).join(', ')}`);
  const secrets = new Set(files.flatMap(({ text }) => text.match(/[A-Za-z0-9_+/-]{32,}={0,2}/g) ?? []));
  const known = JSON.stringify(await composed.containers());
  const logged = await composed.compose(['logs', '--no-color']);
  for (const secret of secrets) {
    if (known.includes(secret)) throw new Error('a secret is in what docker inspect shows');
    if (logged.includes(secret)) throw new Error('a secret is in the logs');
  }
  // The planner's user may not read what is the gateway's.
  const stolen = await composed.read('planner', '/run/vmdns/admin-token').then(() => true, () => false);
  if (stolen) throw new Error('the planner can read the admin token');
  return `${secrets.size} secrets in ${files.length} files`;
}

/** What the containers ended with; throws for those that had to be killed or took too long. */
export async function exitCodes(composed) {
  const containers = await composed.containers();
  const stopped = containers.map(({ Name, State }) => ({ Name, code: State.ExitCode }));
  const bad = stopped.filter(({ code }) => !FINE_EXITS.includes(code));
  if (bad.length > 0) throw new Error(`ended badly: ${bad.map(({ Name, code }) => `${Name} ${code}`).join(', ')}`);
  const slowest = await slowestStop(composed, containers);
  if (slowest.ms > GRACE_MS) throw new Error(`${slowest.name} took ${slowest.ms} ms to stop`);
  return `slowest ${slowest.name} ${(slowest.ms / 1000).toFixed(1)} s`;
}

/** From the signal to the end, as the engine's own events tell. */
async function slowestStop(composed, containers) {
  const until = Math.floor(Date.now() / 1000) + 1;
  const lines = (await docker(['events', '--since', String(until - 120), '--until', String(until), '--filter', `label=com.docker.compose.project=${composed.project}`, '--filter', 'event=kill', '--filter', 'event=die', '--format', '{{json .}}'])).split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));
  const times = containers.map(({ Id, Name }) => {
    const last = (action) => lines.filter((event) => event.Actor.ID === Id && event.Action === action).at(-1)?.timeNano ?? 0;
    return { name: Name.slice(1), ms: last('kill') === 0 ? 0 : (last('die') - last('kill')) / 1e6 };
  });
  return times.reduce((slowest, one) => (one.ms > slowest.ms ? one : slowest));
}
