import { Bus, cloudEvent } from '@vmdns/bus';
import { CommandEvent, subjects, type Command, type CommandName, type NameResult } from '@vmdns/contracts';
import { until } from '@vmdns/test/support';

/** What the adapter says to a name it was given; undefined: nothing. */
export type Script = (name: CommandName, command: Command) => Partial<NameResult> | undefined;

export const applied: Script = () => ({ state: 'applied' });
export const silent: Script = () => undefined;

/** An adapter that does what its script says, and remembers every command it heard. */
export class FakeAdapter {
  readonly heard: { readonly command: Command; readonly name: CommandName }[] = [];
  /** What the provider holds, by owner name: what was applied last. */
  readonly held = new Map<string, CommandName['rrsets']>();
  /** The same by `zoneId ownerName`. */
  readonly heldAt = new Map<string, CommandName['rrsets']>();
  script: Script = applied;
  private readonly turns = new Map<string, number>();
  private readonly stopListening: () => void;

  constructor(private readonly bus: Bus, readonly provider: string) {
    this.stopListening = bus.subscribe(subjects.command.ofProvider(provider), (body) => this.take(CommandEvent.parse(body).data));
  }

  stop(): void {
    this.stopListening();
  }

  /** The commands of one name, oldest first. */
  of(ownerName: string, zoneId?: string): CommandName[] {
    return this.heard.filter((one) => one.name.name === ownerName && (zoneId === undefined || one.command.zoneId === zoneId)).map((one) => one.name);
  }

  async hears(ownerName: string, matches: (name: CommandName) => boolean = () => true, zoneId?: string): Promise<CommandName> {
    return until(() => this.of(ownerName, zoneId).find(matches), { what: `a command for ${ownerName}` });
  }

  /** Says something of a name that it heard of. */
  async say(command: Command, name: CommandName, said: Partial<NameResult>): Promise<void> {
    const key = `${command.zoneId} ${name.name}`;
    const turn = said.turn ?? (this.turns.get(key) ?? 0) + 1;
    this.turns.set(key, Math.max(turn, this.turns.get(key) ?? 0));
    const result: NameResult = {
      name: name.name, timeline: name.timeline, generation: name.generation, digest: name.digest, turn, state: 'applied', rrsets: name.rrsets, wrote: true, attempts: 1, vms: name.vms, at: new Date().toISOString(), ...said,
    };
    if (result.state === 'applied') {
      this.held.set(name.name, name.rrsets);
      this.heldAt.set(key, name.rrsets);
    }
    await this.bus.publish(subjects.result.of(command.provider, command.zoneId), cloudEvent('vmdns.dns.result.v1', `/adapter-${this.provider}`, {
      zoneId: command.zoneId, apex: command.apex, provider: command.provider, connectionId: command.connectionId, target: `memory|${command.apex}`, names: [result],
    }));
  }

  /** Says something of the newest command of a name. */
  async answer(ownerName: string, said: Partial<NameResult>): Promise<void> {
    const last = this.heard.findLast((one) => one.name.name === ownerName);
    if (last === undefined) throw new Error(`nothing was heard of ${ownerName}`);
    await this.say(last.command, last.name, said);
  }

  private take(command: Command): void {
    for (const name of command.names) {
      this.heard.push({ command, name });
      const said = this.script(name, command);
      if (said !== undefined) this.say(command, name, said).catch(() => undefined);
    }
  }
}
