import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { build } from '../../deploy/local/prepare.mjs';
import { Composed, docker, whyNoEngine } from './engine.mjs';
import { checkHardening, checkSecrets, exitCodes } from './checks.mjs';
import { baseImages } from './stand-ins.mjs';
import { Story } from './story.mjs';

/*
 * `npm run compose`: docker-compose.yml on a real engine, from nothing to nothing, with three PowerDNS adapters of which
 * one is killed. With --stand-ins, or where the official base images cannot be had, on stand-ins made here.
 */
const ADAPTERS = 3;
/** What runs only when it is wanted, by profile. */
const FURTHER = ['cloudflare', 'hestiacp'];
const inCi = !['', '0', 'false'].includes(process.env.CI ?? '');
const problem = whyNoEngine();
if (problem !== undefined) {
  console.log(`skipped: no Docker engine (${problem})`);
  process.exit(inCi ? 1 : 0);
}

let failed = 0;
async function step(name, work) {
  const from = Date.now();
  const note = await work();
  console.log(`✓ ${name}${note === undefined ? '' : `: ${note}`} (${((Date.now() - from) / 1000).toFixed(1)} s)`);
}

const freeTcp = () => new Promise((resolve) => { const server = createServer().listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => resolve(port)); }); });
/** Free for UDP and, a moment ago, for TCP. */
const freePort = async () => {
  const port = await freeTcp();
  return new Promise((resolve, reject) => { const socket = createSocket('udp4').once('error', reject).bind(port, '127.0.0.1', () => socket.close(() => resolve(port))); });
};

await build();
const { images, env } = await baseImages({ onlyStandIns: process.argv.includes('--stand-ins'), say: (line) => console.log(line) });
console.log(`base images: ${images}`);
const name = `vmdns-test-${process.pid}`;
const ports = { VMDNS_HTTP_PORT: String(await freePort()), VMDNS_DNS_PORT: String(await freePort()) };
const composed = new Composed(name, { ...env, ...ports, VMDNS_IMAGE: name, COMPOSE_PROFILES: FURTHER.join(',') });
const story = new Story(composed, `http://127.0.0.1:${ports.VMDNS_HTTP_PORT}`, { host: '127.0.0.1', port: Number(ports.VMDNS_DNS_PORT) });

async function everything() {
  await step('the images are built', () => composed.build());
  await step('up --wait: everything is healthy', () => composed.up(1));
  await step(`up --wait --scale adapter-powerdns=${ADAPTERS} works at once`, async () => {
    await composed.up(ADAPTERS);
    return `${(await composed.running('adapter-powerdns')).length} run`;
  });
  await step('the gateway serves the console', () => story.consoleIsThere());
  await step('every adapter announces itself', () => story.announced(['powerdns', ...FURTHER]));
  await step('zones are added', () => story.addZones());
  await step('VMs are created, and DNS answers', () => story.create());
  await step('each adapter has its share', () => story.everyAdapterWorked(ADAPTERS));
  await step('VMs are re-addressed while an adapter is killed, and DNS answers', () => story.readdress());
  await step('up brings the killed adapter back', () => composed.up(ADAPTERS));
  await step('L10 the key of the adapters is rotated while they run', () => story.rotateKey());
  await step('no container runs as root, writes to its own system or may more than it must', () => checkHardening(composed));
  await step('L10 no secret is in what docker knows or logs, and each is readable for one user', () => checkSecrets(composed));
  await step('stop ends every container within 10 s, none by force', async () => {
    await composed.compose(['stop']);
    return exitCodes(composed);
  });
  await step('up goes on where it was', async () => {
    await composed.up(ADAPTERS);
    await story.answers();
  });
  await step('VMs are deleted, and so are their records', () => story.remove());
}

try {
  await everything();
} catch (error) {
  failed += 1;
  console.log(`✗ ${error instanceof Error ? error.stack : String(error)}`);
  console.log(await composed.compose(['ps', '-a']).catch(String));
  console.log((await composed.compose(['logs', '--no-color', '--tail', '15']).catch(String)).slice(-20_000));
}
try {
  await step('down -v leaves nothing', async () => {
    await composed.compose(['down', '-v', '--timeout', '10']);
    const left = await composed.leftovers();
    if (left.length > 0) throw new Error(`left: ${left.join(', ')}`);
  });
} catch (error) {
  failed += 1;
  console.log(`✗ ${String(error)}`);
}
await docker(['image', 'rm', '--force', name, `${name}-powerdns`]).catch(() => undefined);
console.log(failed === 0 ? `compose works, on ${images}` : 'compose does NOT work');
process.exit(failed === 0 ? 0 : 1);
