import { Command, CommanderError } from 'commander';
import { connectionCommands } from './commands/connection.js';
import { deadLetterCommands } from './commands/dead-letter.js';
import { importCommands } from './commands/import.js';
import { logCommand } from './commands/log.js';
import { explainCommand, holdCommands, pauseCommands } from './commands/operation.js';
import { planCommand } from './commands/plan.js';
import { recoveryCommands } from './commands/recovery.js';
import { recordCommands } from './commands/record.js';
import { settingsCommands } from './commands/settings.js';
import { sourceCommands } from './commands/source.js';
import { tenantCommands } from './commands/tenant.js';
import { tokenCommands } from './commands/token.js';
import { ptrCommands, vmCommands } from './commands/vm.js';
import { zoneCommands } from './commands/zone.js';
import { CommandError, EXIT, type ExitCode } from './exit.js';
import { ProblemAnswer } from './http/api.js';
import { Commands, plain } from './session.js';
import type { Shell } from './shell.js';

/** Runs one command line (without node and script) and gives its exit code; never throws. */
export async function run(words: readonly string[], shell: Shell): Promise<ExitCode> {
  const commands = new Commands(shell);
  const program = programOf(commands, shell);
  try {
    await program.parseAsync([...words], { from: 'user' });
    return commands.exitCode;
  } catch (error) {
    return explain(error, words.includes('--json'), shell);
  }
}

function programOf(commands: Commands, shell: Shell): Command {
  const program = new Command('vmdns');
  program
    .description('vmdns gives every virtual machine its DNS.')
    .option('--json', 'the answer as JSON')
    .addHelpText('after', `\nWhere vmdns is: VMDNS_URL with VMDNS_TOKEN or VMDNS_TOKEN_FILE, else VMDNS_HOME/endpoints.json (.vmdns).\nExit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 unreachable.`)
    .enablePositionalOptions()
    .configureOutput({ writeOut: (text) => { shell.stdout.write(text); }, writeErr: (text) => { shell.stderr.write(text); } })
    .exitOverride()
    .showHelpAfterError('(--help says more)');
  vmCommands(program, commands);
  ptrCommands(program, commands);
  planCommand(program, commands);
  importCommands(program, commands);
  sourceCommands(program, commands);
  zoneCommands(program, commands);
  recordCommands(program, commands);
  connectionCommands(program, commands);
  holdCommands(program, commands);
  pauseCommands(program, commands);
  explainCommand(program, commands);
  logCommand(program, commands);
  deadLetterCommands(program, commands);
  tenantCommands(program, commands);
  tokenCommands(program, commands);
  settingsCommands(program, commands);
  recoveryCommands(program, commands);
  return program;
}

function explain(error: unknown, isJson: boolean, shell: Shell): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (shell.signal.aborted) return EXIT.failed;
  if (error instanceof ProblemAnswer && isJson) {
    shell.stdout.write(`${JSON.stringify(error.problem, null, 2)}\n`);
    return error.exitCode;
  }
  if (error instanceof CommandError) {
    shell.stderr.write(`vmdns: ${plain(error.message)}\n${error.lines.map((line) => `  ${plain(line)}\n`).join('')}`);
    return error.exitCode;
  }
  shell.stderr.write(`vmdns: ${error instanceof Error ? plain(error.message) : 'failed'}\n`);
  return EXIT.failed;
}
