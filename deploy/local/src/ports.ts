import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { randomInt } from 'node:crypto';

/** Below the ranges from which systems take ports for outgoing connections, so that a server can come back on its own. */
const LOWEST = 10_240;
const HIGHEST = 32_000;
const given = new Set<number>();

export type Transport = 'tcp' | 'udp';

function bindTcp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function bindUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => { socket.close(); resolve(false); });
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

/** Whether nobody listens at this loopback port. */
export async function isFree(port: number, transports: readonly Transport[] = ['tcp']): Promise<boolean> {
  for (const transport of transports) {
    if (!(await (transport === 'tcp' ? bindTcp(port) : bindUdp(port)))) return false;
  }
  return true;
}

/** A loopback port that is free for TCP and UDP now, and that this process was not given before. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = randomInt(LOWEST, HIGHEST);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port, ['tcp', 'udp'])) return port;
  }
  throw new Error('found no free port on 127.0.0.1');
}
