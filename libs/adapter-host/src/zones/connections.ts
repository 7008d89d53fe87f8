import { redact, registerSecret } from '@vmdns/chassis';
import type { Reason } from '@vmdns/contracts';
import type { ZonePort } from '@vmdns/provider-kit';
import type { Host } from '../host.js';
import type { Budgets, TurnBudget } from '../lanes/budget.js';
import { type KeyRing, SealError } from '../keys/key-ring.js';

/** A connection as the feed tells it, or one that is not saved yet. */
export interface SealedConnection {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly sealed: Readonly<Record<string, string>>;
}
export interface KnownConnection extends SealedConnection {
  readonly connectionId: string;
  readonly revision: number;
}

/** For whom calls are made: a lane, or none (a zone is tested), and whether what is urgent goes first. */
export interface Calls { readonly target: string | null; readonly isBulk: boolean }

export type Opened<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly reason: Reason };

/** Connections with their secrets, in memory only; each revision is opened once. */
export class Connections {
  private readonly opened = new Map<string, { readonly revision: number; readonly result: Opened<{ readonly connection: unknown }> }>();

  constructor(private readonly host: Host, private readonly keys: KeyRing, private readonly budgets: Budgets) {}

  /** A saved connection. */
  async open(known: KnownConnection): Promise<Opened<{ readonly connection: unknown }>> {
    const cached = this.opened.get(known.connectionId);
    if (cached?.revision === known.revision && cached.result.ok) return cached.result;
    const result = await this.openSealed(known);
    this.opened.set(known.connectionId, { revision: known.revision, result });
    return result;
  }

  /** The port of one zone of a saved connection; where the provider counts calls, with the budget that its calls go by. */
  async openZone(known: KnownConnection, zone: { readonly apex: string; readonly settings: Readonly<Record<string, unknown>> }, calls: Calls): Promise<Opened<{ readonly port: ZonePort; readonly budget: TurnBudget | undefined }>> {
    const opened = await this.open(known);
    if (!opened.ok) return opened;
    const settings = this.parseZone(zone.settings);
    if (!settings.ok) return settings;
    const budget = this.budgetOf(opened.connection, calls);
    return { ok: true, port: this.host.definition.open(opened.connection, zone.apex, settings.zone, budget), budget };
  }

  /** Undefined where the provider counts no calls. */
  budgetOf(connection: unknown, calls: Calls): TurnBudget | undefined {
    const { key, rate } = this.host.definition.limiter(connection);
    return rate === undefined ? undefined : this.budgets.of(key, calls.target, calls.isBulk);
  }

  /** Opens the secrets and checks the whole by the provider's schema. Never throws for what was given. */
  async openSealed(given: SealedConnection): Promise<Opened<{ readonly connection: unknown }>> {
    const secrets: Record<string, string> = {};
    for (const [field, sealed] of Object.entries(given.sealed)) {
      try {
        const secret = await this.keys.openSecret(sealed, this.host.provider, field);
        registerSecret(secret);
        secrets[field] = secret;
      } catch (error) {
        if (!(error instanceof SealError)) throw error;
        return { ok: false, reason: { code: 'credentials', text: error.message, hint: 'enter the connection\'s secrets again' } };
      }
    }
    const parsed = this.host.definition.connectionSchema.safeParse({ ...given.settings, ...secrets });
    if (parsed.success) return { ok: true, connection: parsed.data };
    return { ok: false, reason: { code: 'credentials', text: `the connection's settings are not valid: ${faultsOf(parsed.error.issues)}`, hint: 'mend the connection' } };
  }

  parseZone(settings: Readonly<Record<string, unknown>>): Opened<{ readonly zone: unknown }> {
    const parsed = this.host.definition.zoneSchema.safeParse(settings);
    if (parsed.success) return { ok: true, zone: parsed.data };
    return { ok: false, reason: { code: 'refused-by-provider', text: `the zone's settings are not valid: ${faultsOf(parsed.error.issues)}`, hint: 'mend the zone\'s settings' } };
  }
}

/** Where the faults are, and what the provider's own rules say of them; a message of the schema's own might quote a value (L10). */
function faultsOf(issues: readonly { readonly path: readonly PropertyKey[]; readonly code?: string | undefined; readonly message: string }[]): string {
  return issues.map(({ path, code = 'invalid', message }) => `${path.map(String).join('.') || 'settings'} ${code === 'custom' ? redact(message) : `(${code})`}`).join(', ');
}
