import pg from 'pg';

/**
 * A living server takes a connection in a few milliseconds, also when it is busy. Counted in steps of a loop that runs:
 * a process that is busy itself gives the handshake no less time.
 */
const STEPS = 10;
const STEP_MS = 50;
/** The connection that is not waited for any more ends so late at most. */
const GIVEN_UP_MS = 5000;

interface Server { readonly url: string; readonly applicationName: string }

/** Whether a Postgres server says anything at all to a newcomer within half a second; also a refusal is an answer. Never throws. */
export async function doesAnswer(server: Server): Promise<boolean> {
  const over = new AbortController();
  try {
    return await Promise.race([knock(server), steps(over.signal).then(() => false)]);
  } finally {
    over.abort();
  }
}

async function steps(over: AbortSignal): Promise<void> {
  for (let step = 0; step < STEPS && !over.aborted; step += 1) await new Promise<void>((resolve) => { setTimeout(resolve, STEP_MS).unref(); });
}

async function knock({ url, applicationName }: Server): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, application_name: `${applicationName} ping`, connectionTimeoutMillis: GIVEN_UP_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch (error) {
    return error instanceof pg.DatabaseError;
  } finally {
    void client.end().catch(() => undefined);
  }
}
