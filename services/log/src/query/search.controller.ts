import { Controller } from '@nestjs/common';
import { OnRequest } from '@vmdns/bus';
import { logRpc, type Rates } from '@vmdns/contracts';
import { EntrySearch, type SearchAsk, type SearchPage } from './entry.search.js';
import { EntryRates } from './rates.js';

/** `vmdns.rpc.log.search`, `rates` */
@Controller()
export class SearchController {
  constructor(private readonly entries: EntrySearch, private readonly rates: EntryRates) {}

  @OnRequest('log', 'search', logRpc.search, { concurrency: 4 })
  search(ask: SearchAsk): Promise<SearchPage> {
    return this.entries.search(ask);
  }

  @OnRequest('log', 'rates', logRpc.rates, { concurrency: 2 })
  perMinute(ask: { minutes: number }): Promise<Rates> {
    return this.rates.read(ask.minutes);
  }
}
