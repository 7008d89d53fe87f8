import type { Command } from 'commander';
import type { Zone, ZoneChanged } from '@vmdns/contracts';
import { usage } from '../exit.js';
import { part } from '../http/api.js';
import { pairs } from '../input/secret.js';
import { instant } from '../output/texts.js';
import { many, time, type Commands, type Session } from '../session.js';
import { findZone } from './lookup.js';

interface BrakeOptions { readonly set?: readonly string[]; readonly off?: number; readonly why?: string; readonly on?: true }

/** `vmdns zone brake`: from where on removals in a zone wait for a person (L13), and the way round it for a while. */
export function zoneBrakeCommand(zone: Command, commands: Commands): void {
  commands.add<BrakeOptions>(zone, 'brake <zone>', 'from where on removals wait for a person; without options: as it is', (command) => command
    .option('--set <limit=value>', 'removalShare, removalNames, removalCount, removalWindowSeconds, rehomeShare, rehomeNames; a share is from 0 to 1', many)
    .option('--off <time>', 'hold nothing for so long, such as 1h; needs --why', time).option('--why <text>', 'why it is off, for those who wonder').option('--on', 'at once again'), brake);
}

async function brake(session: Session, { set, off, why, on }: BrakeOptions, said = ''): Promise<void> {
  if (off !== undefined && on === true) throw usage('give --off or --on');
  if ((off === undefined) !== (why === undefined)) throw usage('--off and --why go together');
  const limits = Object.fromEntries(pairs(set ?? []).map(([name, text]) => [name, numberOf(name, text)]));
  const brakeOff = on === true ? null : off === undefined ? undefined : { until: new Date(session.shell.now().getTime() + off).toISOString(), why };
  const api = await session.api();
  const found = await findZone(api, said);
  const path = `/v1/zones/${part(found.id)}`;
  const zone: Zone = set === undefined && brakeOff === undefined
    ? await api.get<Zone>(path)
    : await api.patch<ZoneChanged>(path, { ...(set === undefined ? {} : { limits }), ...(brakeOff === undefined ? {} : { brakeOff }) });
  session.tell(zone, brakeText(zone, session.shell.now()));
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw usage(`${name} must be a number`);
  return value;
}

const percent = (share: number) => `${Math.round(share * 1000) / 10} %`;

function brakeText({ name, limits, brakeOff }: Zone, now: Date): string[] {
  return [
    `${name}: removals wait for a person above ${percent(limits.removalShare)} of its names (unless fewer than ${limits.removalNames}), or above ${limits.removalCount}, within ${limits.removalWindowSeconds} s.`,
    `Re-homing waits above ${percent(limits.rehomeShare)} (unless fewer than ${limits.rehomeNames}).`,
    ...(brakeOff === undefined || Date.parse(brakeOff.until) <= now.getTime() ? [] : [
      `The brake is off until ${instant(brakeOff.until)}, by ${brakeOff.by}${brakeOff.why === '' ? '' : `: ${brakeOff.why}`}. It comes on again by itself; at once: vmdns zone brake ${name} --on`,
    ]),
  ];
}
