import type { Command } from 'commander';
import { CommandError, EXIT, usage, type ExitCode } from '../exit.js';
import { ProblemAnswer, whyOf, type Api } from '../http/api.js';
import { readCsv } from '../import/csv.js';
import { deliver, plan, type Delivered, type Planned } from '../import/deliver.js';
import type { Found, FoundVm, LineFault } from '../import/found.js';
import { readNdjson } from '../import/ndjson.js';
import { readPuq } from '../import/puq.js';
import { textOfFile } from '../input/file.js';
import type { Commands, Session } from '../session.js';

interface ImportOptions { readonly dryRun?: true; readonly source?: string; readonly tenant?: string; readonly plan?: true }

const FETCH_MS = 60_000;

/** `vmdns import …`: VMs from another program's list. */
export function importCommands(program: Command, commands: Commands): void {
  const group = program.command('import').description("VMs from another program's list; run again, it tells only what is new");
  const formats = [
    ['puq <list>', "PUQ's dns.php: the URL, or the list in a file; a VM for each forward name", readPuq],
    ['csv <file>', 'a table: vmId, fqdn, ip, ptr, … with one row for each address', readCsv],
    ['ndjson <file>', 'one VM a line: the fact with its vmId', readNdjson],
  ] as const;
  for (const [name, text, read] of formats) {
    commands.add<ImportOptions>(group, name, text, shape, async (session, options, from = '') => run(session, options, read(await textFrom(session, from)), from));
  }
}

const shape = (command: Command) => command
  .option('--dry-run', 'say what would become of it, and do nothing').option('--plan', 'with --dry-run: the whole plan of DNS changes')
  .option('--source <name>', 'the source that the facts name (import)').option('--tenant <tenant>', 'whose VMs these are, where the list does not say');

async function textFrom(session: Session, from: string): Promise<string> {
  if (!/^https?:\/\//i.test(from)) return textOfFile(from, session.shell);
  const unread = (cause: unknown) => { throw new CommandError(EXIT.failed, `${withoutSecrets(from)} cannot be read; nothing was done`, [whyOf(cause)], { cause }); };
  const response = await fetch(withoutUser(from), { headers: signedIn(from), signal: AbortSignal.any([session.shell.signal, AbortSignal.timeout(FETCH_MS)]) }).catch(unread);
  if (response.status !== 200) throw new CommandError(EXIT.failed, `${withoutSecrets(from)} answered ${response.status}; nothing was done`, ['PUQ lets in callers by their address: is this one on its list?']);
  return response.text().catch(unread);
}

/** A list's address may carry a user and a password, which go as a header. */
function signedIn(from: string): Readonly<Record<string, string>> {
  if (!URL.canParse(from)) return {};
  const { username, password } = new URL(from);
  return username === '' && password === '' ? {} : { Authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}` };
}

const withoutUser = (url: string) => url.replace(/\/\/[^/?#]*@/, '//');
const withoutSecrets = (url: string) => withoutUser(url).replace(/\?.*$/s, '');

async function run(session: Session, options: ImportOptions, found: Found, from: string): Promise<ExitCode> {
  if (options.plan === true && options.dryRun !== true) throw usage('--plan goes with --dry-run');
  const vms = options.tenant === undefined ? found.vms : found.vms.map((vm) => ({ ...vm, fact: { tenant: options.tenant, ...vm.fact } }));
  if (vms.length === 0 && found.faults.length === 0) throw new CommandError(EXIT.failed, 'the list is empty; nothing was done');
  const source = options.source ?? 'import';
  const api = await session.api();
  const done: Delivered & Partial<Planned> = options.dryRun === true ? await preview(api, vms, source) : await deliver(api, vms, source, session.shell.now());
  const faults = [...found.faults, ...done.faults].toSorted((a, b) => a.line - b.line);
  const told = { source, dryRun: options.dryRun === true, vms: vms.length, stored: done.stored, known: done.known, leftOut: new Set(faults.map((fault) => fault.vmId ?? `line ${fault.line}`)).size, faults, notes: found.notes };
  session.tell({ ...told, ...(done.plans === undefined ? {} : { plans: done.plans }) }, [
    ...faults.map(lineText), ...found.notes.map((note) => `${lineText(note)} (a note)`), ...(options.plan === true ? (done.plans ?? []).flatMap((each) => each.text.split('\n')) : []), ...sumOf(told, withoutSecrets(from), done.plans),
  ]);
  return faults.length === 0 ? EXIT.done : EXIT.failed;
}

/** Who may not ask for plans is told what can be told here. */
async function preview(api: Api, vms: readonly FoundVm[], source: string): Promise<Delivered & Partial<Planned>> {
  try {
    return await plan(api, vms, source);
  } catch (error) {
    if (!(error instanceof ProblemAnswer) || error.problem.status !== 403) throw error;
    return { stored: vms.length, known: 0, faults: [] };
  }
}

const lineText = ({ line, vmId, what }: LineFault) => `line ${line}${vmId === undefined ? '' : ` (${vmId})`}: ${what}`;

function sumOf({ dryRun, stored, known, leftOut }: { readonly dryRun: boolean; readonly stored: number; readonly known: number; readonly leftOut: number }, from: string, plans: Planned['plans'] | undefined): string[] {
  if (!dryRun) return [`${from}: ${stored} VMs stored, ${known} known already, ${leftOut} left out.`];
  const sum = (of: 'added' | 'changed' | 'removed') => (plans ?? []).reduce((total, each) => total + each[of], 0);
  return [
    `${from}: ${stored} VMs would be stored, ${known} are known already, ${leftOut} would be left out. Nothing was done.`,
    plans === undefined ? 'What DNS would do is not known: this token may not ask for plans.' : `DNS: ${sum('added')} RRsets added, ${sum('changed')} changed, ${sum('removed')} removed.`,
  ];
}
