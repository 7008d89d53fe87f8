import { cloudEvent, type Bus } from '@vmdns/bus';
import { type Announcement, Capabilities, subjects } from '@vmdns/contracts';
import type { Clock, Log } from '@vmdns/chassis';
import { formSchemaOf } from '@vmdns/provider-kit';
import type { Store } from '@vmdns/store';
import type { Host } from './host.js';
import type { KeyRing } from './keys/key-ring.js';

const EVERY_MS = 5000;

/** Says who this adapter is, at once and every 5 s, so that whoever starts later learns it too. */
export class Announcer {
  private era: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly forms: Pick<Announcement, 'connectionSchema' | 'zoneSchema' | 'capabilities'>;

  constructor(
    private readonly host: Host,
    private readonly keys: KeyRing,
    private readonly parts: { readonly bus: Pick<Bus, 'broadcast'>; readonly store: Store; readonly clock: Clock; readonly log: Log },
  ) {
    const { connectionSchema, zoneSchema, capabilities } = host.definition;
    this.forms = { connectionSchema: formSchemaOf(connectionSchema), zoneSchema: formSchemaOf(zoneSchema), capabilities: Capabilities.parse(capabilities) };
  }

  start(): void {
    this.timer = setInterval(() => void this.announce(), EVERY_MS);
    void this.announce();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  async announce(): Promise<void> {
    try {
      await this.keys.refresh().catch((error: unknown) => { this.parts.log.error({ err: error }, 'the key file cannot be read; the keys read before go on'); });
      const era = await this.findEra();
      const data: Announcement = { provider: this.host.provider, instance: this.host.instance, era, ...this.forms, publicKey: this.keys.publicKey, at: this.parts.clock.now().toISOString() };
      this.parts.bus.broadcast(subjects.announce.of(this.host.provider), cloudEvent('vmdns.adapter.announced.v1', this.host.source, data));
    } catch (error) {
      this.parts.log.debug({ err: error }, 'not announced yet');
    }
  }

  /** The store's id: it changes only with the store. */
  private async findEra(): Promise<string> {
    if (this.era !== undefined) return this.era;
    const [row] = await this.parts.store.query<{ era: string }>('select era from host');
    if (row === undefined) throw new Error('the host row is gone');
    this.era = row.era;
    return row.era;
  }
}
