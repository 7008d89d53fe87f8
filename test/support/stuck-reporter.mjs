/**
 * A Jest reporter that ends a run in which a spec file hangs where no test's limit reaches (while it is loaded, say), and
 * names the file.
 */
export default class StuckReporter {
  running = new Map();

  onRunStart() {
    const limitMs = Number(process.env.VMDNS_SPEC_LIMIT_MINUTES ?? 6) * 60_000;
    this.timer = setInterval(() => {
      const stuck = [...this.running].filter(([, since]) => Date.now() - since > limitMs).map(([path]) => path);
      if (stuck.length === 0) return;
      process.stderr.write(`\n✗ stuck for ${limitMs / 60_000} minutes, so the run ends here:\n${stuck.map((path) => `  ${path}\n`).join('')}`);
      process.exit(1);
    }, 1_000);
    this.timer.unref();
  }

  onTestFileStart(test) {
    this.running.set(test.path, Date.now());
  }

  onTestFileResult(test) {
    this.running.delete(test.path);
  }

  onRunComplete() {
    clearInterval(this.timer);
  }
}
