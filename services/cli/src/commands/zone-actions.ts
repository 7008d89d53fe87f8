import type { Command } from 'commander';
import type { AdoptDifferent, Adoption, DriftEntry, DriftKind, Zone, ZoneDrift } from '@vmdns/contracts';
import { CommandError, EXIT, usage } from '../exit.js';
import { part, type Api } from '../http/api.js';
import { adoptionText, driftText } from '../output/drift-texts.js';
import { many, time, whole, type Commands, type Session } from '../session.js';
import { findZone } from './lookup.js';

interface DriftOptions { readonly kind?: string; readonly limit?: number }
interface ReconcileOptions { readonly trustListing?: true; readonly wait?: number | true }
interface AdoptOptions { readonly dryRun?: true; readonly different?: true; readonly name?: readonly string[] }

const KINDS: readonly DriftKind[] = ['differs', 'missing', 'orphan', 'foreign'];
const ADOPT_TIMEOUT_MS = 60_000;
const WAIT_DEFAULT_MS = 60_000;
const LOOK_AGAIN_MS = 300;

/** `vmdns zone drift|reconcile|adopt|release`: what is at the provider, and whose it is. */
export function zoneActionCommands(zone: Command, commands: Commands): void {
  commands.add<DriftOptions>(zone, 'drift <zone>', 'how the zone at its provider differed from what is wanted, when it was last compared', (command) => command
    .option('--kind <kind>', `only ${KINDS.join(', ')}`).option('-n, --limit <n>', 'list at most so many (100)', whole), async (session, options, said = '') => {
    const api = await session.api();
    await tellDrift(session, api, (await findZone(api, said)).id, options);
  });
  commands.add<ReconcileOptions>(zone, 'reconcile <zone>', 'compare it now; what is ours and missing or changed is put right', (command) => command
    .option('--trust-listing', 'the listing is right although it lacks most of what vmdns wrote').option('--wait [time]', 'until it is compared, at most so long (1m)', time), reconcile);
  commands.add<AdoptOptions>(zone, 'adopt <zone>', 'take over what is there: equal records without a write', (command) => command
    .option('--dry-run', 'only say what it would do').option('--different', 'also all that is otherwise: it becomes as wanted').option('--name <name>', 'also what is otherwise at this name', many), adopt);
  commands.add(zone, 'release <zone>', 'hand it back: records stay, nothing there is ours; the way back is adopt, then --mode write', (command) => command, async (session, _, said = '') => {
    const api = await session.api();
    const released = await api.post<Zone>(`/v1/zones/${part((await findZone(api, said)).id)}/release`);
    session.tell(released, [`${released.name} is handed back: it is only observed, and its records stay as they are.`]);
  });
}

async function reconcile(session: Session, options: ReconcileOptions, said = ''): Promise<0 | 1> {
  const api = await session.api();
  const { id, name } = await findZone(api, said);
  const asked = await api.post<ZoneDrift>(`/v1/zones/${part(id)}/reconcile`, options.trustListing === true ? { trustListing: true } : {});
  if (options.wait === undefined) {
    session.tell(asked, [`${name} is being compared: vmdns zone drift ${name}`]);
    return EXIT.done;
  }
  const until = session.shell.now().getTime() + (options.wait === true ? WAIT_DEFAULT_MS : options.wait);
  for (;;) {
    const drift = await api.get<ZoneDrift>(`/v1/zones/${part(id)}/drift`, { limit: 1 });
    if (drift.state !== 'comparing') return tellDrift(session, api, id, {});
    if (session.shell.now().getTime() > until) throw new CommandError(EXIT.failed, `${name} is still being compared`);
    await new Promise((resolve) => { setTimeout(resolve, LOOK_AGAIN_MS); });
  }
}

/** 1 where the zone could not be compared. */
async function tellDrift(session: Session, api: Api, id: string, { kind, limit = 100 }: DriftOptions): Promise<0 | 1> {
  if (kind !== undefined && !KINDS.some((each) => each === kind)) throw usage(`--kind must be one of ${KINDS.join(', ')}`);
  const path = `/v1/zones/${part(id)}/drift`;
  const first = await api.get<ZoneDrift>(path, { kind, limit: Math.min(500, limit) });
  const items: DriftEntry[] = [...first.items];
  for (let next = first.next; next !== undefined && items.length < limit;) {
    const page = await api.get<ZoneDrift>(path, { kind, limit: Math.min(500, limit - items.length), cursor: next });
    items.push(...page.items);
    next = page.next;
  }
  session.tell({ ...first, items }, driftText({ ...first, items }));
  return first.state === 'failed' ? EXIT.failed : EXIT.done;
}

async function adopt(session: Session, options: AdoptOptions, said = ''): Promise<void> {
  const api = await session.api();
  if (options.different === true && options.name !== undefined) throw usage('give --different for all, or --name for some');
  const different: AdoptDifferent = options.different === true ? 'all' : options.name === undefined ? 'none' : [...options.name];
  const adoption = await api.post<Adoption>(`/v1/zones/${part((await findZone(api, said)).id)}/adopt`, { different, dryRun: options.dryRun === true }, ADOPT_TIMEOUT_MS);
  session.tell(adoption, adoptionText(adoption));
}
