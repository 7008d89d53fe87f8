import type { ServerResponse } from 'node:http';
import { Controller, Res } from '@nestjs/common';
import { Asked, Raw } from '../http/ask.js';
import { Handles, type AskOf } from '../http/call.js';
import type { DoorRequest } from '../http/door-request.js';
import { LogStream } from '../live/log-stream.js';
import { logCalls } from './operation.calls.js';
import { Services, valueOf } from './services.js';

@Controller()
export class LogController {
  constructor(private readonly services: Services, private readonly logStream: LogStream) {}

  @Handles(logCalls.search)
  async search(@Asked() { query }: AskOf<typeof logCalls.search>) {
    return valueOf(await this.services.log.search(query, this.services.slowly));
  }

  @Handles(logCalls.stream)
  stream(@Asked() { query }: AskOf<typeof logCalls.stream>, @Raw() request: DoorRequest, @Res() response: ServerResponse) {
    const lastEventId = request.headers['last-event-id'];
    return this.logStream.follow({ filter: query, lastEventId: typeof lastEventId === 'string' ? lastEventId : undefined, isStillIn: request.isStillIn ?? (() => Promise.resolve(false)) }, response);
  }
}
