import { Controller } from '@nestjs/common';
import type { Caller } from '@vmdns/contracts';
import { Asked, By, Raw } from '../http/ask.js';
import { Handles, type AskOf } from '../http/call.js';
import type { DoorRequest } from '../http/door-request.js';
import { readDelivery } from './cloud-events.js';
import { eventCalls } from './event.calls.js';
import { Events } from './events.js';

@Controller()
export class EventController {
  constructor(private readonly events: Events) {}

  @Handles(eventCalls.post)
  post(@Asked() { body }: AskOf<typeof eventCalls.post>, @By() caller: Caller, @Raw() request: DoorRequest) {
    return this.events.take(readDelivery(request.headers, body), caller);
  }
}
