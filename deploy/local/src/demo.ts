import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tellStory } from './demo-story.js';
import { Home } from './home.js';
import { LocalStack } from './local-stack.js';
import { freePort } from './ports.js';
import { readSettings, StartProblem, type Environment } from './settings.js';

/** `npm run demo`: the story on free ports in a temporary home. Gives the exit code: 0 only if every answer was right. */
export async function demo(root: string, env: Environment): Promise<number> {
  const say = (line: string): void => { process.stdout.write(`${line}\n`); };
  const folder = mkdtempSync(join(tmpdir(), 'vmdns-demo-'));
  chmodSync(folder, 0o711);
  let stack: LocalStack | undefined;
  const stop = (): void => { void stack?.stop(); };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  try {
    const base = readSettings(env, root);
    const ports = { http: await freePort(), nats: await freePort(), postgres: await freePort(), powerdnsApi: await freePort(), dns: await freePort() };
    say(`starting everything in ${folder}`);
    stack = new LocalStack({ home: new Home(folder), settings: { ...base, home: folder, ports }, root, env, say });
    await stack.start();
    const wrong = await tellStory(stack.gateway, stack.powerdns, say);
    say(wrong === 0 ? '\nEvery answer was right.' : `\n${wrong} steps went wrong.`);
    return wrong === 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof StartProblem ? error.message : `the demo broke off: ${error instanceof Error ? error.message : String(error)}`}\n`);
    return 1;
  } finally {
    await stack?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
