import type { Command } from 'commander';
import type { Plan } from '@vmdns/contracts';
import { EXIT, usage } from '../exit.js';
import { textOfFile } from '../input/file.js';
import type { Commands } from '../session.js';

/** `vmdns plan`: what facts would do. */
export function planCommand(program: Command, commands: Commands): void {
  commands.add<{ file: string; source?: string }>(program, 'plan', 'what would change if these facts came in; writes nothing', (command) => command
    .requiredOption('-f, --file <path>', 'a JSON list of facts, each with its vmId ({"vmId": …, "deleted": true} is a deletion); - is standard input')
    .option('--source <source>', "as events of this source (default: as this token's own calls)"), async (session, { file, source }) => {
    const facts = factsOf(await textOfFile(file, session.shell), file);
    const plan = await (await session.api()).post<Plan>('/v1/plans', { ...(source === undefined ? {} : { source }), facts });
    session.tell(plan, plan.text.split('\n'));
    return plan.facts.some((fact) => fact.outcome === 'refused') ? EXIT.failed : EXIT.done;
  });
}

/** A list, one fact alone, or `{"facts": […]}`. */
function factsOf(text: string, file: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw usage(`${file === '-' ? 'standard input' : file} is not JSON`);
  }
  if (Array.isArray(value)) return value;
  if (typeof value !== 'object' || value === null) throw usage('the file must hold a list of facts');
  return 'facts' in value && Array.isArray(value.facts) ? value.facts : [value];
}
