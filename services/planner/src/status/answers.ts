import { Injectable } from '@nestjs/common';
import type { Caller, VmDns } from '@vmdns/contracts';
import { notFound } from '../zones/access.js';
import { notYetPlanned } from './vm-dns.js';
import { VmDnsReader } from './vm-dns.reader.js';

/** Answers about one VM to one caller; another tenant's VM is as if it were not there. */
@Injectable()
export class Answers {
  constructor(private readonly reader: VmDnsReader) {}

  /** A revision that no planner has met is `planning`, known VM or not; without one, an unknown VM is not found. */
  async vmDns(vmId: string, caller: Caller, minRevision: number): Promise<VmDns> {
    const [head] = await this.reader.heads([vmId]);
    if (head === undefined) {
      if (minRevision > 0) return notYetPlanned(vmId, minRevision);
      throw notFound('VM', vmId);
    }
    if (!mayRead(caller, head.tenant)) throw notFound('VM', vmId);
    const dns = (await this.reader.read([vmId], minRevision)).get(vmId);
    return dns ?? notYetPlanned(vmId, minRevision);
  }
}

export function mayRead(caller: Caller, tenant: string | null): boolean {
  return caller.tenant === null || caller.tenant === tenant;
}
