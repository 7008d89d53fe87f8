import { Controller } from '@nestjs/common';
import type { Caller } from '@vmdns/contracts';
import { Asked, By, Raw } from '../http/ask.js';
import { chunksOf } from '../http/body.js';
import { Handles, type AskOf } from '../http/call.js';
import type { DoorRequest } from '../http/door-request.js';
import { Snapshots } from './snapshots.js';
import { sourceCalls } from './source.calls.js';

@Controller()
export class SourceController {
  constructor(private readonly snapshots: Snapshots) {}

  @Handles(sourceCalls.snapshot)
  snapshot(@Asked() { params }: AskOf<typeof sourceCalls.snapshot>, @By() caller: Caller, @Raw() request: DoorRequest) {
    return this.snapshots.take(params.source, caller, chunksOf(request));
  }
}
