import type { FactAnswer, VmDns } from '@vmdns/contracts';
import { EXIT, type ExitCode } from '../exit.js';
import { part, type Api } from '../http/api.js';
import { dnsText, factText } from '../output/texts.js';
import type { Session } from '../session.js';

export const WAIT_DEFAULT_MS = 30_000;
const ONE_WAIT_MS = 50_000;

/** Asks until the VM's DNS is live for the revision, or the time is over; the gateway does the waiting. */
export async function waitForDns(api: Api, vmId: string, revision: number | undefined, waitMs: number, now: () => Date): Promise<VmDns> {
  const until = now().getTime() + waitMs;
  for (;;) {
    const left = Math.max(0, until - now().getTime());
    const once = Math.min(left, ONE_WAIT_MS);
    const dns = await api.get<VmDns>(`/v1/vms/${part(vmId)}/dns`, { revision, wait: `${once}ms` }, once + 10_000);
    const answered = (dns.live || dns.state === 'gone') && (revision === undefined || dns.plannedRevision >= revision);
    if (answered || left <= ONE_WAIT_MS) return dns;
  }
}

/** 0 where the DNS is as the VM wants it; 1 where it is not, or not yet. */
export const dnsExit = (dns: VmDns): ExitCode => dns.state === 'live' || dns.state === 'gone' ? EXIT.done : EXIT.failed;

/** Tells what became of a fact and, where it was asked for, of the DNS after it. */
export async function tellFact(session: Session, api: Api, answer: FactAnswer, what: string, waitMs: number | undefined): Promise<ExitCode> {
  const sentence = factText(answer, what);
  const worthWaiting = answer.accepted || answer.reason === 'repeat';
  if (waitMs === undefined || !worthWaiting) {
    session.tell(answer, [sentence]);
    return EXIT.done;
  }
  if (!session.isJson) session.say(sentence);
  const dns = await waitForDns(api, answer.vmId, answer.revision, waitMs, session.shell.now);
  if (session.isJson) session.tell({ answer, dns }, []);
  else session.say(...dnsText(dns));
  return dnsExit(dns);
}

/** `--wait` without a time. */
export const waitOption = (waitMs: number | true | undefined) => waitMs === true ? WAIT_DEFAULT_MS : waitMs;
