import { pause } from '@vmdns/local';
import type { DnsEye } from './dns-eye.js';
import type { WantedRecord } from './payload.js';

const SAMPLES = 100;
const AT_ONCE = 32;

export interface Watched {
  /** From `from` until the last record answered with its value. */
  readonly ms: number;
  readonly lost: number;
}

/**
 * Waits until every record is answered with its value. While the work runs only a sample is asked, so that asking is not
 * what is measured; then each record, and the clock stops at the last one that was not right at its first asking.
 */
export async function untilAnswered(eye: DnsEye, records: readonly WantedRecord[], from: number, options: { readonly everyMs?: number; readonly withinMs?: number } = {}): Promise<Watched> {
  const { everyMs = 2, withinMs = 120_000 } = options;
  const deadline = from + withinMs;
  let lost = 0;
  let rightAt = from;
  const see = async (record: WantedRecord): Promise<boolean> => {
    for (let isFirst = true; ; isFirst = false) {
      const seen = await eye.look(record);
      if (seen === 'right') {
        if (!isFirst) rightAt = Math.max(rightAt, performance.now());
        return isFirst;
      }
      if (seen === 'lost') lost += 1;
      if (performance.now() > deadline) throw new Error(`${record.name} ${record.type} was not answered with ${record.value} within ${withinMs} ms`);
      await pause(everyMs);
    }
  };
  for (const record of sampleOf(records)) await see(record);
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let record = records[next++]; record !== undefined; record = records[next++]) await see(record);
  }));
  return { ms: rightAt - from, lost };
}

/** Spread over all, the last among them: whoever works in the order given ends with it. */
function sampleOf(records: readonly WantedRecord[]): readonly WantedRecord[] {
  const step = Math.max(1, Math.floor(records.length / SAMPLES));
  return [...records.filter((_, at) => at % step === 0), ...records.slice(-4)];
}
