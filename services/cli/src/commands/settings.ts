import type { Command } from 'commander';
import { usage } from '../exit.js';
import { textOfFile } from '../input/file.js';
import { pairs } from '../input/secret.js';
import { many, type Commands } from '../session.js';

type Settings = Record<string, unknown>;

/** `vmdns settings …`: main domains, rules, templates, brakes. */
export function settingsCommands(program: Command, commands: Commands): void {
  const settings = program.command('settings').description('main domains, address and zone rules, PTR templates, brakes');
  commands.add(settings, 'show', 'the settings as they are', (command: Command) => command, async (session) => {
    const now = await (await session.api()).get<Settings>('/v1/settings');
    session.tell(now, lines(now));
  });
  commands.add<{ set?: readonly string[]; file?: string }>(settings, 'set [name=value...]', 'change some; values that are no plain text are written as JSON', (command: Command) => command
    .option('--set <name=value>', 'a setting', many).option('--file <path>', 'replace all by this JSON file; - is standard input'), async (session, options, ...rest) => {
    const api = await session.api();
    const given = [...(options.set ?? []), ...rest];
    if ((options.file === undefined) === (given.length === 0)) throw usage('say what to set: name=value, or --file');
    const wanted = options.file === undefined ? changed(await api.get<Settings>('/v1/settings'), given) : parsed(await textOfFile(options.file, session.shell));
    const now = await api.put<Settings>('/v1/settings', wanted);
    session.tell(now, lines(now));
  });
}

/** `brakes.vmDeletions.count=100` sets the inner field. */
export function changed(settings: Settings, given: readonly string[]): Settings {
  const result = structuredClone(settings);
  for (const [path, text] of pairs(given)) {
    const parts = path.split('.');
    const last = parts.pop() ?? path;
    let at = result;
    for (const part of parts) {
      const inner = at[part];
      if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) throw usage(`there is no setting ${path}`);
      at = inner as Settings;
    }
    at[last] = jsonOr(text);
  }
  return result;
}

const lines = (settings: Settings, before = ''): string[] => Object.entries(settings).flatMap(([name, value]) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0 ? lines(value as Settings, `${before}${name}.`) : [`${before}${name} = ${typeof value === 'string' ? value : JSON.stringify(value)}`]);

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw usage('the file is not JSON');
  }
}
