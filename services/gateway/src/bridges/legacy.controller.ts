import { Controller } from '@nestjs/common';
import type { LegacyEntry } from '@vmdns/contracts';
import { Services, valueOf } from '../api/services.js';
import { Handles } from '../http/call.js';
import { legacyCalls } from './legacy.calls.js';

const PAGE = 500;

@Controller()
export class LegacyController {
  constructor(private readonly services: Services) {}

  @Handles(legacyCalls.feed)
  feed() {
    return this.#all();
  }

  @Handles(legacyCalls.feedOfPuq)
  feedOfPuq() {
    return this.#all();
  }

  /** All or nothing: a reader takes what is missing for deleted. */
  async #all(): Promise<readonly LegacyEntry[]> {
    const entries: LegacyEntry[] = [];
    let cursor: string | undefined;
    do {
      const page = valueOf(await this.services.planner['legacy-feed']({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) }, this.services.slowly));
      entries.push(...page.items);
      cursor = page.next;
    } while (cursor !== undefined);
    return entries;
  }
}
