import { Controller } from '@nestjs/common';
import { Bus, OnRequest } from '@vmdns/bus';
import { logRpc, type Rates } from '@vmdns/contracts';
import { EntrySearch, type SearchAsk, type SearchPage } from './entry.search.js';
import { EntryRates } from './rates.js';

/** `vmdns.rpc.log.search`, `rates` */
@Controller()
export class SearchController {
  constructor(private readonly entries: EntrySearch, private readonly rates: EntryRates, private readonly bus: Bus) {}

  @OnRequest('log', 'search', logRpc.search, { concurrency: 4 })
  search(ask: SearchAsk): Promise<SearchPage> {
    return this.entries.search(ask);
  }

  @OnRequest('log', 'rates', logRpc.rates, { concurrency: 2 })
  async perMinute(ask: { minutes: number }): Promise<Rates> {
    const [rates, results] = await Promise.all([this.rates.read(ask.minutes), this.bus.backlog('RESULT', 'log')]);
    return { ...rates, lag: results === undefined ? {} : { results } };
  }
}
