import { types } from 'node:util';

/** What `/readyz` says: one line per part. */
export interface Readiness { readonly ready: boolean; readonly parts: Readonly<Record<string, { readonly ready: boolean; readonly text?: string }>> }
type Check = () => true | string | Promise<true | string>;

const CHECK_MS = 1000;

/** Whether this process can work: NATS, Postgres, feeds, and what a service adds. */
export class Health {
  private readonly checks = new Map<string, Check>();

  /** `check` gives true, or why not; also what it throws, and taking more than a second, mean not ready. */
  add(part: string, check: Check): void {
    this.checks.set(part, check);
  }

  async check(): Promise<Readiness> {
    const parts = await Promise.all([...this.checks].map(async ([part, check]) => {
      const verdict = await verdictOf(check);
      return [part, verdict === true ? { ready: true } : { ready: false, text: verdict }] as const;
    }));
    return { ready: parts.every(([, part]) => part.ready), parts: Object.fromEntries(parts) };
  }
}

async function verdictOf(check: Check): Promise<true | string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => { timer = setTimeout(() => resolve('no answer within a second'), CHECK_MS); });
  try {
    return await Promise.race([Promise.resolve(check()), late]);
  } catch (error) {
    return types.isNativeError(error) ? error.message : 'failed';
  } finally {
    clearTimeout(timer);
  }
}
