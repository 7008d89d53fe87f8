import { TransientError } from '@vmdns/bus';
import { Timeline } from '@vmdns/store';
import { Injectable } from '@nestjs/common';

/** After a failover a row may be older than what was known before it: a token that was revoked lives again. */
@Injectable()
export class Doubt {
  constructor(private readonly timeline: Timeline) {}

  /** What was just read; throws while it is not known what PostgreSQL lost. Who is known is believed meanwhile. */
  passed<T>(row: T): T {
    if (this.timeline.isInDoubt) throw new TransientError('what PostgreSQL may have lost is being read back');
    return row;
  }
}
