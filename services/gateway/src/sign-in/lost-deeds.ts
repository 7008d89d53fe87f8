import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Deeds, type Heal, Log } from '@vmdns/chassis';
import { Timeline } from '@vmdns/store';
import { z } from 'zod';
import { SessionTable } from './session.table.js';
import { TokenDesk } from './token-desk.js';
import { TokenTable } from './token.table.js';

const Revoked = z.object({ id: z.string() });
const Closed = z.object({ mark: z.string() });

/** What sign-in remembers. */
@Injectable()
export class SignInTables {
  constructor(readonly tokens: TokenTable, readonly sessions: SessionTable) {}
}

/** After a failover: a token that was revoked is refused again, a session that was closed is closed, and a token that is gone is said. */
@Injectable()
export class LostDeeds implements OnApplicationBootstrap, OnApplicationShutdown {
  private stop: () => void = () => undefined;

  constructor(private readonly timeline: Timeline, private readonly deeds: Deeds, private readonly tables: SignInTables, private readonly desk: TokenDesk, private readonly log: Log) {}

  onApplicationBootstrap(): void {
    this.stop = this.timeline.onRaise((timeline) => this.read(timeline));
  }

  onApplicationShutdown(): void {
    this.stop();
  }

  /** Throws while the bus is away; then it is tried again, and rows of tokens are not believed. */
  private async read(timeline: number): Promise<void> {
    const lost = await this.deeds.takeBack(timeline, { 'token-revoked': this.revoke, 'token-added': this.added, 'session-closed': this.close });
    this.desk.begin();
    this.log.warn({ timeline, lost }, 'the timeline was raised; tokens that were revoked are refused again');
  }

  private readonly revoke: Heal = async (tx, { body }) => {
    const { id } = Revoked.parse(body);
    const [revived] = await this.tables.tokens.revokeIn(tx, id);
    return revived === undefined ? undefined : { outcome: 'it was revoked again', after: () => { this.desk.forget(id); } };
  };

  private readonly added: Heal = () => Promise.resolve({ outcome: 'it is not known any more, and whoever has it is refused (401). Make another one' });

  private readonly close: Heal = async (tx, { body }) => (await this.tables.sessions.closeMarked(tx, Closed.parse(body).mark) ? { outcome: 'it was ended again' } : undefined);
}
