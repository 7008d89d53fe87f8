import { until, type HttpAnswer } from '../support/index.js';

/**
 * Sends until vmdns has stored it: 202 means stored, 503 that it is to be sent again (ARCHITECTURE §5), as a publisher
 * does on a busy machine. Of a batch, some may have been stored before (207). Any other answer is given back at once.
 */
export function accepted(send: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  return until(async () => {
    const answer = await send();
    const isBusy = answer.status === 503 || (answer.status === 207 && (answer.body as readonly { readonly status: number }[]).some((one) => one.status === 503));
    return isBusy ? undefined : answer;
  }, { withinMs: 30_000, everyMs: 200, what: 'vmdns to store it' });
}
