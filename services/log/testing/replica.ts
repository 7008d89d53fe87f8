import { Bus, cloudEvent, rpcClient } from '@vmdns/bus';
import { parseConfig, type RunningService } from '@vmdns/chassis';
import { type LogEntry, logRpc, type NameResult, type Result, subjects } from '@vmdns/contracts';
import { until } from '@vmdns/test/support';
import { Config } from '../src/config.js';
import { EntryRecorder } from '../src/results/entry.recorder.js';
import { startLog } from '../src/start.js';

/** One process of the log on a real NATS and a real Postgres. */
export class Replica {
  private constructor(readonly service: RunningService) {}

  static async start(of: { readonly nats: string; readonly postgres: string; readonly retentionDays?: number }): Promise<Replica> {
    const config = parseConfig(Config, { NATS_URL: of.nats, DATABASE_URL: of.postgres, LOG_LEVEL: 'silent', LOG_RETENTION_DAYS: String(of.retentionDays ?? 30) });
    const service = await startLog(config, { handleSignals: false });
    await until(async () => (await fetch(`${service.url}/readyz`)).ok, { withinMs: 20_000, what: 'the log to be ready' });
    await service.app.get(Bus).connection.current?.nats.flush();
    return new Replica(service);
  }

  get recorder(): EntryRecorder {
    return this.service.app.get(EntryRecorder);
  }

  close(): Promise<void> {
    return this.service.close();
  }
}

/** An outcome with everything that a test does not care about. */
export function nameResult(over: Partial<NameResult> & { readonly name: string }): NameResult {
  return {
    timeline: 1, generation: 1, digest: 'd', turn: 1, state: 'applied', wrote: true, attempts: 1, vms: ['vm-1'], at: new Date().toISOString(),
    rrsets: [{ type: 'A', ttl: 300, values: ['192.0.2.1'] }], ...over,
  };
}

export function resultOf(names: readonly NameResult[], over: Partial<Result> = {}): Result {
  return { zoneId: 'z1', apex: 'example.com.', provider: 'powerdns', connectionId: 'c1', target: 'powerdns|http://127.0.0.1|localhost|example.com.', names: [...names], ...over };
}

/** An adapter's voice and a person's questions, beside the log. */
export class Speaker {
  private readonly rpc;

  constructor(readonly bus: Bus) {
    this.rpc = rpcClient(bus, 'log', logRpc);
  }

  async say(result: Result): Promise<void> {
    await this.bus.publish(subjects.result.of(result.provider, result.zoneId), cloudEvent('vmdns.dns.result.v1', 'test', result));
  }

  /** What a search gives; asks again on a 503, as a client does. */
  async search(ask: Parameters<typeof this.rpc.search>[0] = {}): Promise<{ readonly items: readonly LogEntry[]; readonly next?: string | undefined }> {
    return until(async () => {
      const reply = await this.rpc.search(ask, { timeoutMs: 10_000 });
      if (reply.ok) return reply.value;
      if (reply.problem.status === 503) return undefined;
      throw new SearchRefused(JSON.stringify(reply.problem));
    }, { withinMs: 10_000, what: 'an answer of the log' });
  }

  async refusal(ask: Parameters<typeof this.rpc.search>[0]): Promise<object | undefined> {
    const reply = await this.rpc.search(ask, { timeoutMs: 10_000 });
    return reply.ok ? undefined : reply.problem;
  }
}

class SearchRefused extends Error {}
