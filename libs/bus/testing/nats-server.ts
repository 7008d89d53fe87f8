import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestNats {
  readonly url: string;
  stop(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
  wipe(): Promise<void>;
  pause(): void;
  resume(): void;
  dispose(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export async function startNats(options: { started?: boolean } = {}): Promise<TestNats> {
  const home = await mkdtemp(join(tmpdir(), 'vmdns-bus-'));
  const port = await freePort();
  let child: ChildProcess | undefined;
  const nats: TestNats = {
    url: `nats://127.0.0.1:${port}`,
    async start() {
      child = spawn(process.env['NATS_SERVER'] ?? 'nats-server', ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', join(home, 'js')], { stdio: ['ignore', 'ignore', 'pipe'] });
      let text = '';
      const logged = child;
      await new Promise<void>((resolve, reject) => {
        logged.stderr?.on('data', (chunk) => { text += String(chunk); if (text.includes('Server is ready')) resolve(); });
        logged.once('exit', () => reject(new Error(text)));
      });
    },
    async stop(signal = 'SIGKILL') {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await once(child, 'exit');
    },
    async wipe() {
      await nats.stop();
      await rm(join(home, 'js'), { recursive: true, force: true });
      await nats.start();
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async dispose() {
      await nats.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
  if (options.started !== false) await nats.start();
  return nats;
}

export async function until(condition: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!await condition()) {
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
