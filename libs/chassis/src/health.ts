/** What `/readyz` says: one line per part. */
export interface Readiness { readonly ready: boolean; readonly parts: Readonly<Record<string, { readonly ready: boolean; readonly text?: string }>> }

/** Whether this process can work: NATS, Postgres, feeds, and what a service adds. */
export class Health {
  /** `check` gives true, or why not. */
  add(_part: string, _check: () => true | string | Promise<true | string>): void { throw new Error('being built'); }
  check(): Promise<Readiness> { throw new Error('being built'); }
}
