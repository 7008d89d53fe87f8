import { Controller } from '@nestjs/common';
import type { Caller } from '@vmdns/contracts';
import { Asked, By } from '../http/ask.js';
import { Handles, type AskOf } from '../http/call.js';
import { TokenDesk } from '../sign-in/token-desk.js';
import { tokenCalls } from './operation.calls.js';

@Controller()
export class TokenController {
  constructor(private readonly desk: TokenDesk) {}

  @Handles(tokenCalls.list)
  list(@Asked() { query }: AskOf<typeof tokenCalls.list>) {
    return this.desk.list(query.limit, query.cursor);
  }

  @Handles(tokenCalls.add)
  add(@Asked() { body }: AskOf<typeof tokenCalls.add>, @By() caller: Caller) {
    return this.desk.add(body, caller);
  }

  @Handles(tokenCalls.revoke)
  revoke(@Asked() { params }: AskOf<typeof tokenCalls.revoke>, @By() caller: Caller) {
    return this.desk.revoke(params.id, caller);
  }
}
