import { Controller } from '@nestjs/common';
import { OnRequest } from '@vmdns/bus';
import { logRpc } from '@vmdns/contracts';
import { EntrySearch, type SearchAsk, type SearchPage } from './entry.search.js';

/** `vmdns.rpc.log.search` */
@Controller()
export class SearchController {
  constructor(private readonly entries: EntrySearch) {}

  @OnRequest('log', 'search', logRpc.search, { concurrency: 4 })
  search(ask: SearchAsk): Promise<SearchPage> {
    return this.entries.search(ask);
  }
}
