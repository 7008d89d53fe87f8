import { answers, DEMO, followPowerdns, makeDemoZones, publishSampleVm, SAMPLE_QUESTIONS } from './demo-zones.js';
import { Home } from './home.js';
import { callingNpm, isAlive, leaveHome, takeHome } from './launcher-lock.js';
import { LocalStack } from './local-stack.js';
import { readSettings, StartProblem, type Environment } from './settings.js';

const DEMO_MADE = 'demo-made';
/** Ctrl-C at a terminal reaches us twice, from the terminal and from npm; only a later one means hurry. */
const SAME_SIGNAL_MS = 1_500;

/** Somebody asked us to end. */
interface Ending { readonly asked: Promise<string>; hurry: Promise<void> }

/** `npm start`: brings everything up, says where it is, keeps it running until told to end. Gives the exit code. */
export async function start(root: string, env: Environment): Promise<number> {
  const say = (line: string): void => { process.stdout.write(`${line}\n`); };
  const npm = callingNpm(env);
  const ending = listenForEnd(npm === undefined ? undefined : () => isAlive(npm));
  let home: Home | undefined;
  let stack: LocalStack | undefined;
  try {
    const settings = readSettings(env, root);
    home = new Home(settings.home);
    await takeHome(home, npm);
    const running = new LocalStack({ home, settings, root, env, say });
    const runningHome = home;
    stack = running;
    const up = running.start().then(() => welcome(running, runningHome, settings.demo, say));
    up.catch(() => undefined);
    const why = await Promise.race([up.then(() => ending.asked), ending.asked]);
    say(`${why}: stopping`);
    await Promise.race([stack.stop(), ending.hurry.then(() => stack?.kill())]);
    say('stopped; nothing is left running');
    return 0;
  } catch (error) {
    await stack?.stop();
    process.stderr.write(`${error instanceof StartProblem ? error.message : `vmdns did not start: ${error instanceof Error ? error.message : String(error)}`}\n`);
    return 1;
  } finally {
    if (home !== undefined) leaveHome(home);
  }
}

async function welcome(stack: LocalStack, home: Home, demo: boolean, say: (line: string) => void): Promise<void> {
  const endpoints = stack.endpoints();
  if (demo && !home.has(DEMO_MADE)) await firstRun(stack, home, say);
  else if (home.has(DEMO_MADE)) await followPowerdns(stack.gateway, stack.powerdns);
  if (stack.isStopping) return;
  home.writeEndpoints(endpoints);
  const { dns } = endpoints.powerdns;
  for (const line of [
    '',
    'vmdns is ready.',
    `  console      ${endpoints.http}/ (sign in with the admin token)`,
    `  API          ${endpoints.http}/v1`,
    `  admin token  ${home.tokenFile}`,
    `  name server  ${dns.host} port ${dns.port}, for example: dig @${dns.host} -p ${dns.port} ${DEMO.fqdn}`,
    `  everything   ${home.endpointsFile}`,
    `  logs         ${home.path('logs')}`,
    'Ctrl-C stops it; the next start continues.',
  ]) say(line);
}

async function firstRun(stack: LocalStack, home: Home, say: (line: string) => void): Promise<void> {
  await makeDemoZones(stack.gateway, stack.powerdns);
  say(`made the demo zones ${DEMO.forward} ${DEMO.reverse4} ${DEMO.reverse6}`);
  const { isLive, words } = await publishSampleVm(stack.gateway);
  home.mark(DEMO_MADE);
  if (!isLive) say(`the sample VM ${DEMO.vmId} is not live yet: ${words}`);
  say(`published the VM ${DEMO.vmId}; the name server answers:`);
  for (const line of await answers(stack.powerdns, SAMPLE_QUESTIONS)) say(`  ${line}`);
}

/** Ends by Ctrl-C, by SIGTERM, with the terminal, and with an npm that was killed and could not tell us. */
function listenForEnd(callerIsAlive: (() => boolean) | undefined): Ending {
  let hurryNow: () => void = () => undefined;
  const hurry = new Promise<void>((resolve) => { hurryNow = resolve; });
  const asked = new Promise<string>((resolve) => {
    let firstAt: number | undefined;
    const end = (why: string): void => {
      if (firstAt !== undefined && Date.now() - firstAt > SAME_SIGNAL_MS) hurryNow();
      firstAt ??= Date.now();
      resolve(why);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end(signal));
    if (callerIsAlive === undefined) return;
    const timer = setInterval(() => {
      if (callerIsAlive()) return;
      clearInterval(timer);
      end('npm is gone');
    }, 500);
    timer.unref();
  });
  // A terminal that went away must not kill us in the middle of stopping.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  return { asked, hurry };
}
