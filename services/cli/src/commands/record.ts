import type { Command } from 'commander';
import type { HandedName } from '@vmdns/contracts';
import type { Commands } from '../session.js';
import { findZone } from './lookup.js';

interface HandOptions { readonly zone?: string; readonly why?: string }

/** `vmdns record …`: hands off single names, and back. */
export function recordCommands(program: Command, commands: Commands): void {
  const record = program.command('record').description('hands off single names, and back');
  const shape = (command: Command) => command.option('--zone <zone>', 'only in this zone, by id or apex').option('--why <text>', 'for those who wonder');
  for (const [verb, text, done] of [
    ['release', 'leave a name alone until it is given back: what is there stays', 'is released: vmdns leaves alone what is there'],
    ['adopt', 'give a name back, or take over what is in its way: what is there becomes as wanted', 'is in the hands of vmdns: what is there becomes as wanted'],
  ] as const) {
    commands.add<HandOptions>(record, `${verb} <name>`, text, shape, async (session, { zone, why }, name = '') => {
      const api = await session.api();
      const zoneId = zone === undefined ? {} : { zoneId: (await findZone(api, zone)).id };
      const { items } = await api.post<{ items: HandedName[] }>(`/v1/records/${verb}`, { name, ...zoneId, ...(why === undefined ? {} : { why }) });
      session.tell({ items }, items.map((item) => `${item.name} in ${item.zone} ${done}.`));
    });
  }
}
