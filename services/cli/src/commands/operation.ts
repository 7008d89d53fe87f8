import type { Command } from 'commander';
import type { Explanation, Hold, HoldOutcome, HoldPage, Pause, PauseMade } from '@vmdns/contracts';
import { usage } from '../exit.js';
import { part, type Api } from '../http/api.js';
import { holdsText, instant, noteOf, pausesText } from '../output/texts.js';
import { time, type Commands, type Session } from '../session.js';
import { findConnection, findZone } from './lookup.js';

interface ScopeOptions { readonly all?: true; readonly zone?: string; readonly connection?: string }

/** `vmdns hold …`: big changes that wait for a person. */
export function holdCommands(program: Command, commands: Commands): void {
  const hold = program.command('hold').description('big changes that wait for a person');
  commands.add<{ state?: string }>(hold, 'list', 'what waits', (command) => command.option('--state <state>', 'open (default), approved, rejected or every'), async (session, { state = 'open' }) => {
    const items = await (await session.api()).all<Hold>('/v1/holds', { state: state === 'every' ? undefined : state });
    session.tell({ items }, holdsText(items));
  });
  commands.add(hold, 'show <holdId>', 'what a hold would do', (command) => command, async (session, _, holdId = '') => {
    const api = await session.api();
    const shown = await api.get<HoldPage>(`/v1/holds/${part(holdId)}`, { limit: 500 });
    const more = shown.hold.members - shown.members.length;
    session.tell(shown, [
      shown.hold.text, ...shown.members.map((member) => `  ${member.text}`), ...(more > 0 ? [`  … and ${more} more`] : []),
      shown.hold.state === 'open' ? `vmdns hold approve ${holdId}   or   vmdns hold reject ${holdId}${shown.hold.checksum === undefined ? '' : `   (only this list: --checksum ${shown.hold.checksum})`}` : `It is ${shown.hold.state}${shown.hold.decidedBy === undefined ? '' : ` by ${shown.hold.decidedBy}`}.`,
    ]);
  });
  for (const [verb, text, done] of [['approve', 'let it happen', 'released'], ['reject', 'keep everything as it is', 'kept']] as const) {
    commands.add<{ checksum?: string }>(hold, `${verb} <holdId>`, text, (command) => command.option('--checksum <sum>', 'only if the list is still the one that was shown'), async (session, { checksum }, holdId = '') => {
      const decision = await (await session.api()).post<HoldOutcome>(`/v1/holds/${part(holdId)}/${verb}`, checksum === undefined ? undefined : { checksum });
      session.tell(decision, [
        `${verb === 'approve' ? decision.released : decision.hold.members - decision.changed.length} ${done}.`,
        ...(decision.changed.length === 0 ? [] : ['Changed since, and left out:', ...decision.changed.map((member) => `  ${member}`)]),
      ]);
    });
  }
}

/** `vmdns pause`, `vmdns resume`: the stop button. */
export function pauseCommands(program: Command, commands: Commands): void {
  const shape = (command: Command) => command.option('--all', 'everything').option('--zone <zone>', 'one zone, by id or apex').option('--connection <connection>', 'one connection, by id or name');
  commands.add<ScopeOptions & { why?: string; for?: number }>(program, 'pause', 'stop writing at once; without a scope: what is paused', (command) => shape(command)
    .option('--why <text>', 'for those who wonder').option('--for <time>', 'ends by itself after so long, such as 30m', time), async (session, options) => {
    const api = await session.api();
    const scope = await scopeOf(api, options);
    if (scope === undefined) { await tellPauses(session, api); return; }
    const until = options.for === undefined ? null : new Date(session.shell.now().getTime() + options.for).toISOString();
    const pause = await api.post<PauseMade>('/v1/pause', { scope, why: options.why ?? '', until });
    session.tell(pause, [`Paused${pause.until === null ? '' : ` until ${instant(pause.until)}`}. Nothing is lost: vmdns resume ${pause.id}`, ...noteOf(pause)]);
  });
  commands.add<ScopeOptions>(program, 'resume [pauseId]', 'go on writing', shape, async (session, options, pauseId) => {
    const api = await session.api();
    const { items } = await api.get<{ items: Pause[] }>('/v1/pause');
    const scope = await scopeOf(api, options);
    if ((pauseId === undefined) === (scope === undefined)) throw usage('say what to resume: the id of a pause, --all, --zone or --connection');
    const ended = pauseId === undefined ? items.filter((pause) => JSON.stringify(pause.scope) === JSON.stringify(scope)) : [{ id: pauseId }];
    for (const { id } of ended) await api.delete(`/v1/pause/${part(id)}`);
    const left = items.filter((pause) => !ended.some(({ id }) => id === pause.id));
    session.tell({ resumed: ended.map(({ id }) => id) }, [
      ended.length === 0 ? 'That was not paused.' : 'Resumed; what waited is done now.', ...(left.length === 0 ? [] : ['Still paused:', ...pausesText(left).map((line) => `  ${line}`)]),
    ]);
  });
}

async function tellPauses(session: Session, api: Api): Promise<void> {
  const answer = await api.get<{ items: Pause[] }>('/v1/pause');
  session.tell(answer, pausesText(answer.items));
}

async function scopeOf(api: Api, { all, zone, connection }: ScopeOptions): Promise<Pause['scope'] | undefined> {
  if ([all, zone, connection].filter((given) => given !== undefined).length > 1) throw usage('give one of --all, --zone and --connection');
  if (all === true) return { kind: 'all' };
  if (zone !== undefined) return { kind: 'zone', id: (await findZone(api, zone)).id };
  return connection === undefined ? undefined : { kind: 'connection', id: (await findConnection(api, connection)).id };
}

/** `vmdns explain`: why something has the DNS it has, or none. */
export function explainCommand(program: Command, commands: Commands): void {
  commands.add(program, 'explain <what>', 'why a VM, name or address has the DNS it has, or none', (command) => command, async (session, _, what = '') => {
    const explanation = await (await session.api()).get<Explanation>('/v1/explain', { q: what });
    session.tell(explanation, explanation.sentences.length === 0 ? [`Nothing is known of ${what}.`] : explanation.sentences);
  });
}
