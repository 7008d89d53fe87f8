/** More than this are not remembered: their statuses only come a little later. */
const VMS_MAX = 50_000;

/**
 * How many names of a VM this process issued and has not heard of since. Only a matter of when a status is said, never
 * of what it says: so it may be wrong where another replica hears the answer, and is forgotten whenever a status is said.
 */
export class AwaitedNames {
  private readonly counts = new Map<string, number>();

  /** One name was issued that is about these VMs. */
  issued(vmIds: readonly string[]): void {
    for (const vmId of vmIds) {
      const count = this.counts.get(vmId);
      if (count !== undefined || this.counts.size < VMS_MAX) this.counts.set(vmId, (count ?? 0) + 1);
    }
  }

  /** One name of this VM was heard of; gives whether more are to come. */
  heard(vmId: string): boolean {
    const left = (this.counts.get(vmId) ?? 0) - 1;
    if (left > 0) this.counts.set(vmId, left);
    else this.counts.delete(vmId);
    return left > 0;
  }

  forget(vmId: string): void {
    this.counts.delete(vmId);
  }
}
