import type { Command } from 'commander';
import type { NewToken, Token } from '@vmdns/contracts';
import { part } from '../http/api.js';
import { table } from '../output/table.js';
import { instant } from '../output/texts.js';
import type { Commands } from '../session.js';

/** `vmdns token …`: who may call. */
export function tokenCommands(program: Command, commands: Commands): void {
  const token = program.command('token').description('who may call vmdns');
  commands.add(token, 'list', 'all tokens; never their values', (command) => command, async (session) => {
    const items = await (await session.api()).all<Token>('/v1/tokens');
    session.tell({ items }, table([
      { title: 'ID', of: (each: Token) => each.id },
      { title: 'NAME', of: (each) => each.name },
      { title: 'ROLE', of: (each) => each.role },
      { title: 'TENANT', of: (each) => each.tenant ?? '' },
      { title: 'SOURCES', of: (each) => each.sources?.join(' ') ?? '' },
      { title: 'LAST USED', of: (each) => each.lastUsedAt === null ? 'never' : instant(each.lastUsedAt) },
      { title: 'STATE', of: (each) => each.revokedAt === null ? '' : `revoked ${instant(each.revokedAt)}` },
    ], items));
  });
  commands.add<{ role: string; tenant?: string; source?: readonly string[] }>(token, 'add <name>', 'a new token, shown this once', (command) => command
    .requiredOption('--role <role>', 'admin, operator, publisher or viewer').option('--tenant <tenant>', 'sees and touches only this tenant').option('--source <sources...>', 'what its events may name as their source; default: anything'), async (session, { role, tenant, source }, name = '') => {
    const made = await (await session.api()).post<NewToken>('/v1/tokens', { name, role, tenant: tenant ?? null, ...(source === undefined ? {} : { sources: [...source] }) });
    session.tell(made, [made.token]);
    if (!session.isJson) session.shell.stderr.write(`This is ${made.id}; its value is not shown again.\n`);
  });
  commands.add(token, 'revoke <id>', 'refuse a token from now on', (command) => command, async (session, _, id = '') => {
    await (await session.api()).delete(`/v1/tokens/${part(id)}`);
    session.tell({ id }, [`${id} is revoked.`]);
  });
}
