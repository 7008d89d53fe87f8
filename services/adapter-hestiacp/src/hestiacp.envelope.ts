import type { HttpAnswer } from '@vmdns/provider-kit';

/** What an answer says of the command. */
export type Envelope =
  /** The command ran and ended with this exit code; `text` is what it printed, or nothing where only the code was asked for. */
  | { readonly kind: 'ended'; readonly code: number; readonly text: string }
  /** Legacy mode without a code: it failed, or half of it did, and only words tell. */
  | { readonly kind: 'words'; readonly text: string }
  /** Not an answer of HestiaCP's API at all. */
  | { readonly kind: 'http'; readonly status: number; readonly text: string };

const CODE = /^\d{1,3}$/;
const API_OFF = 11, FORBIDDEN = 10, PASSWORD = 9;

/**
 * Reads the envelope (PROVIDERS §2.1). `Hestia-Exit-Code` tells the truth where it is there: always with access keys. In
 * legacy mode nearly everything is HTTP 200, so only `returncode=yes` and a body of digits proves a change, and only
 * valid JSON a listing; `OK` proves nothing, for an unknown command says it too.
 */
export function envelopeOf(answer: HttpAnswer, asked: 'code' | 'output'): Envelope {
  const text = answer.text.trim();
  const header = answer.headers['hestia-exit-code'];
  if (header !== undefined && CODE.test(header)) return { kind: 'ended', code: Number(header), text: CODE.test(text) ? '' : text };
  if (/^Error: API has been disabled/.test(text)) return { kind: 'ended', code: API_OFF, text: 'Error: API has been disabled' };
  if (answer.status === 401) return { kind: 'ended', code: CODE.test(text) ? Number(text) : /not allowed|permission/i.test(text) ? FORBIDDEN : PASSWORD, text: CODE.test(text) ? '' : text };
  if (answer.status !== 200) return { kind: 'http', status: answer.status, text };
  if (asked === 'code') return CODE.test(text) ? { kind: 'ended', code: Number(text), text: '' } : { kind: 'http', status: answer.status, text };
  if (/^\{[^]*\}$/.test(text)) return { kind: 'ended', code: 0, text };
  return text === 'OK' || text.includes('Error:') ? { kind: 'words', text } : { kind: 'http', status: answer.status, text };
}
