import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Bus } from '@vmdns/bus';
import { Clock } from '@vmdns/chassis';
import { AnnouncementEvent, subjects, type Announcement } from '@vmdns/contracts';
import { badInput, ProblemError, unavailable } from '../http/problems.js';
import { Services } from '../api/services.js';

export type SeenProvider = Announcement & { readonly seenAt: string };

/** The providers whose adapters said that they are there: heard by ourselves, or by the planner before we started. */
@Injectable()
export class AnnouncedProviders implements OnModuleInit, OnModuleDestroy {
  readonly #heard = new Map<string, SeenProvider>();
  #stop: (() => void) | undefined;

  constructor(private readonly bus: Bus, private readonly services: Services, private readonly clock: Clock) {}

  onModuleInit(): void {
    this.#stop = this.bus.subscribe(subjects.announce.all, (body) => { this.#hear(body); });
  }

  onModuleDestroy(): void {
    this.#stop?.();
  }

  /** All of them, by name; a 503 problem where nobody can say. */
  async list(): Promise<readonly SeenProvider[]> {
    const reply = await this.services.planner.providers({});
    if (!reply.ok && this.#heard.size === 0) throw new ProblemError(reply.problem);
    const all = new Map(reply.ok ? reply.value.items.map((seen) => [seen.provider, seen] as const) : []);
    for (const [name, seen] of this.#heard) all.set(name, newer(seen, all.get(name)));
    return [...all.values()].sort((a, b) => a.provider < b.provider ? -1 : 1);
  }

  /** The announcement of one provider; `path` names the field to blame where there is none. */
  async get(provider: string, path = 'provider'): Promise<SeenProvider> {
    const heard = this.#heard.get(provider);
    if (heard !== undefined) return heard;
    const all = await this.list();
    const found = all.find((seen) => seen.provider === provider);
    if (found !== undefined) return found;
    if (all.length === 0) throw unavailable('no adapter has announced itself yet');
    throw badInput([{ path, message: `no adapter of this provider has announced itself; there are ${all.map((seen) => seen.provider).join(', ')}` }]);
  }

  #hear(body: unknown): void {
    const parsed = AnnouncementEvent.safeParse(body);
    if (!parsed.success) return;
    this.#heard.set(parsed.data.data.provider, { ...parsed.data.data, seenAt: this.clock.now().toISOString() });
  }
}

const newer = (a: SeenProvider, b: SeenProvider | undefined) => b === undefined || a.seenAt >= b.seenAt ? a : b;
