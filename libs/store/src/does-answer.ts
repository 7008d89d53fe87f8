import pg from 'pg';

/** A living server takes a connection in a few milliseconds, also when it is busy. */
const ANSWER_MS = 400;
/** A limit that ends so much later than it should says only that this process was busy. */
const LATE_MS = 100;

interface Server { readonly url: string; readonly applicationName: string }

/** Whether a Postgres server says anything at all to a newcomer; also a refusal is an answer. Never throws. */
export async function doesAnswer(server: Server): Promise<boolean> {
  const since = performance.now();
  const answered = await knock(server);
  return answered || performance.now() - since < ANSWER_MS + LATE_MS ? answered : knock(server);
}

async function knock({ url, applicationName }: Server): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, application_name: `${applicationName} ping`, connectionTimeoutMillis: ANSWER_MS });
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
