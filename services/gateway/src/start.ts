import type { Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Log, Metrics, startService, type RunningService } from '@vmdns/chassis';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { CALLS } from './api/calls.js';
import { eventCalls } from './api/event.calls.js';
import { callerAddress, isListed } from './bridges/caller-address.js';
import type { Config } from './config.js';
import { GatewayModule } from './gateway.module.js';
import { CallIndex } from './http/call-index.js';
import { door } from './http/door.js';
import { Leaving } from './live/leaving.js';
import { CreateToken1763690400000 } from './migrations/create-token.js';
import { CreateSession1764000000001 } from './migrations/create-session.js';
import { TokenSources1764000000002 } from './migrations/token-sources.js';
import { Deeds1764000000003 } from './migrations/deeds.js';
import { Pages } from './pages/pages.js';
import { SessionDesk } from './sign-in/session-desk.js';
import { SignIn } from './sign-in/sign-in.js';

/** What `services/console` builds, as seen from `src` and from `dist`. */
const CONSOLE = fileURLToPath(new URL('../../console/dist', import.meta.url));
const KEEP_ALIVE_MS = 65_000;

/** Starts the gateway. */
export async function startGateway(config: Config, options: { readonly handleSignals?: boolean } = {}): Promise<RunningService> {
  const running = await startService({ ...options, name: 'gateway', config, module: GatewayModule, migrations: [CreateToken1763690400000, CreateSession1764000000001, TokenSources1764000000002, Deeds1764000000003], streams: ['DEED', 'DEADLETTER'], http: (app) => { openDoor(app, config); } });
  const leaving = running.app.get(Leaving);
  // Before the server is closed, which waits for its answers: so the slow ones come at once.
  if (options.handleSignals !== false) for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => { leaving.begin(); });
  return { ...running, close: () => { leaving.begin(); return running.close(); } };
}

function openDoor(app: NestExpressApplication, config: Config): void {
  const calls = CALLS.map((call) => call.id === eventCalls.post.id ? { ...call, bodyMax: config.EVENTS_BYTES_MAX } : call);
  const took = app.get(Metrics).histogram('vmdns_http_request_seconds', 'Time from the first byte of a request to the last of its answer.', ['call', 'status'], [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60]);
  const [signIn, sessions] = [app.get(SignIn), app.get(SessionDesk)];
  const pages = Pages.from(config.CONSOLE_DIR ?? CONSOLE);
  app.disable('x-powered-by');
  // Longer than the minute for which most proxies keep a connection: else they send into one that just closed.
  (app.getHttpServer() as Server).keepAliveTimeout = KEEP_ALIVE_MS;
  app.use(door({
    calls: new CallIndex(calls), bodyMax: config.BODY_BYTES_MAX, log: app.get(Log),
    isListed: (request) => isListed(callerAddress(request, config.TRUSTED_PROXIES), config.LEGACY_ALLOW),
    signIn: (token) => signIn.callerOf(token), session: (secret) => sessions.callerOf(secret), pages: (request, response) => pages.serve(request, response),
    observe: (call, status, seconds) => { took.observe({ call, status: String(status) }, seconds); },
  }));
}
