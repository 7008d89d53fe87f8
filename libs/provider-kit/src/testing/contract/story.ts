import { canonicalRrset, MANAGED_TYPES, type Rrset } from '@vmdns/domain';
import { intentDigests } from '../../engine/name-plan.js';
import { runTurn } from '../../engine/run-turn.js';
import type { DueName, NameOutcome, TurnKnowledge, TurnOutcome } from '../../engine/turn.js';
import type { ProviderDefinition, ZoneLedger } from '../../port/provider.js';
import type { ContractZone } from './harness.js';

interface Row { readonly owned: NameOutcome['owned']; readonly writing: readonly string[]; readonly foreign: readonly string[]; readonly isDoubted: boolean }
const NEW_ROW: Row = { owned: {}, writing: [], foreign: [], isDoubted: false };

/** What a host does around the engine, as small as can be: the ledger of one zone, turn after turn. */
export class Story<C, Z> {
  readonly outcomes: TurnOutcome[] = [];
  private readonly rows = new Map<string, Row>();
  private knowledge: TurnKnowledge = { token: null, zoneSize: null };

  constructor(private definition: ProviderDefinition<C, Z>, readonly apex: string, private readonly zone: ContractZone<C, Z>) {}

  /** At each of these names exactly these RRsets: an empty list takes ours away. */
  async want(wishes: Readonly<Record<string, readonly Rrset[]>>, o: { signal?: AbortSignal; attempt?: number } = {}): Promise<TurnOutcome> {
    const due = Object.entries(wishes).map(([name, rrsets]): DueName => {
      const row = this.rows.get(name) ?? NEW_ROW;
      return { name, wanted: rrsets.map(canonicalRrset), owned: row.owned, writing: row.writing, foreign: row.foreign, mustRead: row.isDoubted };
    });
    const { capabilities, name: provider } = this.definition;
    for (const one of due) this.rows.set(one.name, { ...(this.rows.get(one.name) ?? NEW_ROW), writing: [...one.writing, ...intentDigests(one.wanted, capabilities.grain)] });
    const turn = { provider, apex: this.apex, zone: this.open(), capabilities, due, ledger: () => Promise.resolve(this.ledger()), knowledge: this.knowledge, mode: 'write' as const, attempt: o.attempt ?? 0 };
    const outcome = await runTurn(turn, o.signal ?? new AbortController().signal);
    for (const one of outcome.names) {
      const before = this.rows.get(one.name) ?? NEW_ROW;
      this.rows.set(one.name, {
        owned: one.owned, foreign: one.foreign ?? before.foreign, isDoubted: one.inDoubt,
        writing: one.inDoubt ? before.writing : [],
      });
    }
    this.knowledge = { ...outcome.knowledge, readWholeMsAgo: outcome.wholeReading === undefined ? this.knowledge.readWholeMsAgo ?? null : 0 };
    this.keepForeign(outcome);
    this.outcomes.push(outcome);
    return outcome;
  }

  private ledger(): ZoneLedger {
    return new Map([...this.rows].map(([name, row]) => [name, new Set([...Object.keys(row.owned), ...(row.isDoubted ? MANAGED_TYPES : [])])]));
  }

  /** Another replica of the same host: the ledger stays, what a process remembers does not. */
  goOnWith(definition: ProviderDefinition<C, Z>): this {
    this.definition = definition;
    return this;
  }

  open(): ReturnType<ProviderDefinition<C, Z>['open']> {
    return this.definition.open(this.zone.connection, this.apex, this.zone.settings);
  }

  async read(name: string): Promise<readonly Rrset[]> {
    const { held } = await this.open().readNames([name], new AbortController().signal);
    return [...(held.get(name) ?? [])].sort((a, b) => (a.type < b.type ? -1 : 1));
  }

  /** Without what stands beside the RRsets. */
  async readAll(): Promise<readonly Rrset[]> {
    const all: Rrset[] = [];
    await this.open().readZone((piece) => all.push(...piece.map(({ name, type, ttl, values }) => ({ name, type, ttl, values }))), new AbortController().signal);
    return all;
  }

  owns(name: string): readonly string[] { return Object.keys(this.rows.get(name)?.owned ?? {}).sort(); }

  /** A host that lost its ledger's last commit: the intent is stored, the outcome is not (L4). */
  forgetOutcome(name: string, wanted: readonly Rrset[]): void {
    this.rows.set(name, { ...NEW_ROW, writing: intentDigests(wanted, this.definition.capabilities.grain), isDoubted: true });
  }

  private keepForeign(outcome: TurnOutcome): void {
    if (outcome.wholeReading === undefined) return;
    const due = new Set(outcome.names.map((one) => one.name));
    const foreign = new Map<string, string[]>();
    for (const held of outcome.wholeReading) if (this.rows.get(held.name)?.owned[held.type] === undefined) foreign.set(held.name, [...(foreign.get(held.name) ?? []), held.type]);
    for (const [name, row] of this.rows) if (!due.has(name)) this.rows.set(name, { ...row, foreign: foreign.get(name) ?? [] });
    for (const [name, types] of foreign) if (!this.rows.has(name)) this.rows.set(name, { ...NEW_ROW, foreign: types });
  }
}

export const statesOf = (outcome: TurnOutcome): readonly string[] => outcome.names.map((one) => (one.reason === undefined ? one.state : `${one.state} ${one.reason.code}`));
export const rr = (name: string, type: string, ttl: number, ...values: readonly string[]): Rrset => canonicalRrset({ name, type, ttl, values });
