/** Postgres is away, going down, overloaded or refused a lock in time: the same call may succeed later. */
export class TransientStoreError extends Error {
  readonly isTransient = true;
  override readonly name = 'TransientStoreError';
}
