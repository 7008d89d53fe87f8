import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { Bus } from '@vmdns/bus';
import { Log } from '@vmdns/chassis';
import { TestStep, type ZoneTest } from '@vmdns/contracts';
import { outward, ProblemError, problemOf } from '../http/problems.js';

/** A zone test as it happens, as server-sent events: `step` as each ends, `done` with the whole, or `problem`. */
@Injectable()
export class TestStream {
  constructor(private readonly bus: Bus, private readonly log: Log) {}

  /** Listens first, then lets the test begin; a fault before the first step is an answer like every other. */
  async follow(run: (watch: string) => Promise<ZoneTest>, response: ServerResponse): Promise<void> {
    const watch = `_INBOX.gateway.progress.${randomBytes(12).toString('hex')}`;
    const begin = (): void => { if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' }); };
    const tell = (event: string, body: unknown): void => {
      if (response.writableEnded || response.destroyed) return;
      begin();
      response.write(`event: ${event}\ndata: ${JSON.stringify(body)}\n\n`);
    };
    const stop = this.bus.subscribe(watch, (body) => {
      const step = TestStep.safeParse(body);
      if (step.success) tell('step', step.data);
    });
    try {
      tell('done', await run(watch));
    } catch (error) {
      if (!response.headersSent) throw error;
      if (!(error instanceof ProblemError)) this.log.error({ err: error }, 'a zone test broke off');
      tell('problem', outward(error instanceof ProblemError ? error.problem : problemOf(500, 'the test broke off')));
    } finally {
      stop();
      if (response.headersSent) response.end();
    }
  }
}
