/** What may not go on while something else happens: works enter and leave, and whoever closes it waits for the last. */
export class Gate {
  private inside = 0;
  private closed: Promise<void> | undefined;
  private open: () => void = () => undefined;
  private left: () => void = () => undefined;

  async enter<T>(work: () => Promise<T>): Promise<T> {
    while (this.closed !== undefined) await this.closed;
    this.inside += 1;
    try {
      return await work();
    } finally {
      this.inside -= 1;
      if (this.inside === 0) this.left();
    }
  }

  /** Does this while nobody is inside. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    this.closed = new Promise((resolve) => { this.open = resolve; });
    if (this.inside > 0) await new Promise<void>((resolve) => { this.left = resolve; });
    try {
      return await work();
    } finally {
      this.closed = undefined;
      this.open();
    }
  }
}
