import type pg from 'pg';

/** Which history this is: changes with a failover (Postgres' timeline) and with a dump read into another cluster. */
export const CLUSTER = `case when pg_is_in_recovery() then null
  else (select system_identifier from pg_control_system()) || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) end`;

/**
 * Whether every new connection leads to the history that the first one met: after a failover none does, and all are new.
 * Costs nothing per statement.
 */
export class History {
  private met: string | undefined;
  private readonly listeners = new Set<() => void>();

  /** For the pool: asked of each new connection before anybody gets it. */
  readonly verify = (client: pg.PoolClient, done: (error?: Error) => void): void => {
    // Nobody else listens yet: a server that dies here would end the process. The query itself rejects.
    client.on('error', () => undefined);
    client.query<{ seen: string | null }>(`select ${CLUSTER} as seen`).then(({ rows }) => {
      this.meet(rows[0]?.seen ?? undefined);
      done();
    }, done);
  };

  onNew(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private meet(seen: string | undefined): void {
    const before = this.met;
    this.met = seen ?? before;
    if (seen === undefined || before === undefined || seen === before) return;
    for (const listener of this.listeners) listener();
  }
}
