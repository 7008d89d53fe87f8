import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { Bus, type RequestOptions } from '@vmdns/bus';
import { subjects, type Caller, type RpcReply, type VmDns } from '@vmdns/contracts';
import { Services, valueOf } from '../api/services.js';
import { Leaving } from './leaving.js';

export interface DnsQuestion { readonly vmId: string; readonly revision: number | undefined; readonly waitMs: number; readonly caller: Caller }

/** A status may get lost on its way (core NATS); so long nothing is heard, it is asked again this often. */
const ASK_AGAIN_MS = 5000;
/** A busy planner is given at least so long, and as long as the caller waits anyway. */
const ASK_MS = 850;

/**
 * Answers how a VM's DNS stands, at once or as soon as it is live. It listens for the VM's status first and asks then,
 * so nothing is missed between; while it waits it asks only when something was said.
 */
@Injectable()
export class DnsWait {
  constructor(private readonly bus: Bus, private readonly services: Services, private readonly leaving: Leaving) {}

  async answer(question: DnsQuestion, request: Pick<IncomingMessage, 'socket'>): Promise<VmDns> {
    if (question.waitMs === 0) return this.#now(question);
    const bell = new Bell();
    const stop = this.bus.subscribe(subjects.status.vm(question.vmId), () => { bell.ring(); });
    const gone = () => { bell.close(); };
    request.socket.once('close', gone);
    this.leaving.signal.addEventListener('abort', gone);
    if (request.socket.destroyed || this.leaving.signal.aborted) gone();
    try {
      return await this.#wait(question, bell);
    } finally {
      stop();
      request.socket.off('close', gone);
      this.leaving.signal.removeEventListener('abort', gone);
    }
  }

  async #wait(question: DnsQuestion, bell: Bell): Promise<VmDns> {
    const until = performance.now() + question.waitMs;
    for (let asks = 1; ; asks += 1) {
      const reply = await this.#ask(question, { timeoutMs: Math.max(ASK_MS, Math.min(until - performance.now(), ASK_AGAIN_MS)) });
      if (reply.ok && isAnswered(reply.value, question.revision)) return reply.value;
      const left = until - performance.now();
      if (left <= 0 || bell.isClosed) return this.#settle(question, reply);
      if (!reply.ok && !isWorthWaiting(reply.problem.status, asks)) return valueOf(reply);
      await bell.heard(Math.min(left, ASK_AGAIN_MS));
    }
  }

  async #now(question: DnsQuestion): Promise<VmDns> {
    return this.#settle(question, await this.#ask(question));
  }

  #ask({ vmId, revision, caller }: DnsQuestion, options?: RequestOptions): Promise<RpcReply<VmDns>> {
    return this.services.planner['vm-dns']({ vmId, caller, ...(revision === undefined ? {} : { minRevision: revision }) }, options);
  }

  /** A VM that the planner has not heard of, but inventory has, is being planned. */
  async #settle({ vmId, caller }: DnsQuestion, reply: RpcReply<VmDns>): Promise<VmDns> {
    if (reply.ok || reply.problem.status !== 404) return valueOf(reply);
    const vm = await this.services.inventory['vm-get']({ vmId, caller });
    if (!vm.ok) return valueOf(reply);
    return {
      vmId, revision: vm.value.revision, plannedRevision: 0, live: false, state: 'planning', records: [],
      reason: { code: 'not-yet-planned', text: 'The VM is stored; its records are being planned.' },
    };
  }
}

/** L14: whether this status answers for the revision that was asked for; `gone` is as final as live. */
export function isAnswered(dns: VmDns, revision: number | undefined): boolean {
  return (dns.live || dns.state === 'gone') && (revision === undefined || dns.plannedRevision >= revision);
}

/** The planner may hear of a new VM a moment after its 202; it may be restarted while we wait, but if it is away at once, we say so at once. */
const isWorthWaiting = (status: number, asks: number) => status === 404 || (status === 503 && asks > 1);

/** Rung by a status; a ring that nobody waits for is kept, so that none is missed while asking. */
class Bell {
  #rung = false;
  #wake: (() => void) | undefined;
  isClosed = false;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** For good: everybody is woken, nobody waits again. */
  close(): void {
    this.isClosed = true;
    this.ring();
  }

  async heard(limitMs: number): Promise<void> {
    if (!this.#rung && !this.isClosed) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limitMs);
        this.#wake = () => { clearTimeout(timer); resolve(); };
      });
      this.#wake = undefined;
    }
    this.#rung = false;
  }
}
