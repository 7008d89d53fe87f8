import { Controller } from '@nestjs/common';
import { Handles } from '../http/call.js';
import { describeApi } from '../openapi/openapi.js';
import { CALLS } from './calls.js';
import { descriptionCalls } from './description.calls.js';

@Controller()
export class DescriptionController {
  readonly #description = describeApi(CALLS);

  @Handles(descriptionCalls.describe)
  describe() {
    return this.#description;
  }
}
