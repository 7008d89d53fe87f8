import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** `npm run chaos -- [--seed s] [--minutes 3 | --hours 8] [--vms 40] [--lanes 3] [--no-failover]`, after a build. Jest, because the providers' fakes are sources only. */
const { values } = parseArgs({ options: {
  seed: { type: 'string', default: randomBytes(4).toString('hex') }, minutes: { type: 'string' }, hours: { type: 'string' },
  vms: { type: 'string', default: '40' }, lanes: { type: 'string', default: '3' }, 'no-failover': { type: 'boolean', default: false },
} });
const minutes = values.hours === undefined ? Number(values.minutes ?? '3') : Number(values.hours) * 60;
const root = fileURLToPath(new URL('../..', import.meta.url));

const run = spawn(process.execPath, [
  'node_modules/jest/bin/jest.js', '--config', 'jest.config.mjs', '--testMatch', '**/test/chaos/chaos.spec.ts',
], { cwd: root, stdio: 'inherit', env: { ...process.env, VMDNS_CHAOS: JSON.stringify({ seed: values.seed, seconds: minutes * 60, vms: Number(values.vms), lanes: Number(values.lanes), failsOver: minutes >= 2 && !values['no-failover'] }) } });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => run.kill(signal));
run.once('exit', (code) => process.exit(code ?? 1));
