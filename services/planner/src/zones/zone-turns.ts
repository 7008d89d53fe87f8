import { Injectable } from '@nestjs/common';
import { Clockwork, Followers } from '../reconcile/clockwork.js';
import { Pauses } from './pause.service.js';
import { ZoneFeed } from './zone-feed.js';
import { Zones } from './zone.service.js';

const MINUTE = 60_000;

/** What happens to zones by time. */
@Injectable()
export class ZoneTurns {
  constructor(clockwork: Clockwork, zones: Zones, pauses: Pauses, feed: ZoneFeed, followers: Followers) {
    clockwork.add({ name: 'pauses', everyMs: 1_000, work: () => pauses.expire() });
    clockwork.add({ name: 'leaving zones', everyMs: 1_000, work: () => zones.finishLeaving() });
    clockwork.add({ name: 'removals', everyMs: 60 * MINUTE, work: () => pauses.forgetRemovals() });
    clockwork.add({ name: 'followers', everyMs: MINUTE, work: () => followers.sweep() });
    clockwork.add({ name: 'feed partitions', everyMs: 60 * MINUTE, work: () => feed.ensurePartitions() });
  }
}
