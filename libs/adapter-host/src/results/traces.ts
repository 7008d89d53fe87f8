/** Remembers which trace a name's command came with, so that its result carries it on; forgets the oldest beyond the limit. */
export class Traces {
  private readonly byName = new Map<string, string>();

  constructor(private readonly max = 50_000) {}

  remember(zoneId: string, names: readonly string[], traceparent: string | undefined): void {
    if (traceparent === undefined) return;
    for (const name of names) {
      const key = `${zoneId} ${name}`;
      this.byName.delete(key);
      this.byName.set(key, traceparent);
    }
    for (const oldest of this.byName.keys()) {
      if (this.byName.size <= this.max) break;
      this.byName.delete(oldest);
    }
  }

  find(zoneId: string, name: string): string | undefined {
    return this.byName.get(`${zoneId} ${name}`);
  }
}
