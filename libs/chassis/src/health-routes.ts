import type { ServerResponse } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Health } from './health.js';
import type { Metrics } from './metrics.js';
import type { ServiceInfo } from './service-info.js';

/** `/healthz`, `/readyz` and `/metrics`, before everything of Nest's: no guard, prefix or parser touches them. */
export function serveHealth(app: NestExpressApplication, parts: { readonly health: Health; readonly metrics: Metrics; readonly info: ServiceInfo }): void {
  const { health, metrics, info } = parts;
  const http = app.getHttpAdapter();
  const get = (path: string, answer: (response: ServerResponse) => void | Promise<void>): void => {
    http.get(path, (_request: unknown, response: unknown) => answer(response as ServerResponse));
  };
  get('/healthz', (response) => json(response, 200, { status: 'alive', service: info.name, instance: info.instance }));
  get('/readyz', async (response) => {
    const readiness = await health.check();
    json(response, readiness.ready ? 200 : 503, { service: info.name, ...readiness });
  });
  get('/metrics', async (response) => {
    response.setHeader('Content-Type', metrics.registry.contentType).end(await metrics.registry.metrics());
  });
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(JSON.stringify(body));
}
