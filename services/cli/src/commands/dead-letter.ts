import type { Command } from 'commander';
import type { DeadLetter, DeadLetterShown, FactAnswer } from '@vmdns/contracts';
import { usage } from '../exit.js';
import { part } from '../http/api.js';
import { textOfFile } from '../input/file.js';
import { table } from '../output/table.js';
import { factText, instant } from '../output/texts.js';
import type { Commands } from '../session.js';

/** `vmdns deadletter …`: messages of the bus that could not be taken. */
export function deadLetterCommands(program: Command, commands: Commands): void {
  const letters = program.command('deadletter').description('messages of the bus that could not be taken');
  commands.add<{ service?: string; state?: string }>(letters, 'list', 'what was put aside, and why', (command) => command
    .option('--service <service>', 'that could not take it').option('--state <state>', 'open (default), replayed or every'), async (session, { service, state = 'open' }) => {
    const items = await (await session.api()).all<DeadLetter>('/v1/deadletters', { service, state: state === 'every' ? undefined : state });
    session.tell({ items }, items.length === 0 ? ['nothing was put aside'] : table([
      { title: 'ID', of: (each: DeadLetter) => each.id },
      { title: 'AT', of: (each) => instant(each.at) },
      { title: 'SERVICE', of: (each) => each.service },
      { title: 'SUBJECT', of: (each) => each.subject },
      { title: 'STATE', of: (each) => (each.replayedBy === undefined ? '' : `${each.state} by ${each.replayedBy}`) },
      { title: 'WHY', of: (each) => each.reason },
    ], items));
  });
  commands.add(letters, 'show <id>', 'one of them, with what it said; secrets are masked', (command) => command, async (session, _, id = '') => {
    const shown = await (await session.api()).get<DeadLetterShown>(`/v1/deadletters/${part(id)}`);
    session.tell(shown, [
      `${shown.subject} at ${instant(shown.at)}, not taken by ${shown.service}: ${shown.reason}`, `  ${shown.payload}${shown.isCut ? ' … (only the beginning was kept)' : ''}`,
      ...Object.entries(shown.headers).map(([name, value]) => `  ${name}: ${value}`),
      ...(shown.state === 'replayed' ? [`Told once more by ${shown.replayedBy ?? 'somebody'}.`] : shown.isReplayable ? [`vmdns deadletter replay ${id}   or, mended:   vmdns deadletter replay ${id} --file mended.json`] : ['The services say it again by themselves, once the cause is mended.']),
    ]);
  });
  commands.add<{ file?: string }>(letters, 'replay <id>', "tell a publisher's message once more", (command) => command.option('--file <path>', 'the whole message, mended; - is standard input'), async (session, { file }, id = '') => {
    const payload = file === undefined ? undefined : parsed(await textOfFile(file, session.shell));
    const answer = await (await session.api()).post<FactAnswer>(`/v1/deadletters/${part(id)}/replay`, payload === undefined ? undefined : { payload });
    session.tell(answer, [factText(answer, 'the fact')]);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw usage('the mended message is not JSON');
  }
}
