/** Who wants several things takes them in one order, and waits: no two ever wait for each other. */
export class Locks {
  private readonly tails = new Map<string, Promise<void>>();

  async with<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const releases: (() => void)[] = [];
    for (const key of [...new Set(keys)].sort()) releases.push(await this.take(key));
    try {
      return await work();
    } finally {
      for (const release of releases) release();
    }
  }

  private async take(key: string): Promise<() => void> {
    const before = this.tails.get(key) ?? Promise.resolve();
    let release: () => void = () => undefined;
    this.tails.set(key, before.then(() => new Promise<void>((resolve) => { release = resolve; })));
    const mine = new Promise<() => void>((resolve) => { void before.then(() => { setImmediate(() => resolve(release)); }); });
    return mine;
  }
}
