import { CommandError, EXIT } from '../exit.js';
import type { Shell } from '../shell.js';
import { runOnDatabase } from './programs.js';

export const PSQL = ['--no-psqlrc', '--no-password', '--quiet', '--tuples-only', '--no-align', '--set=ON_ERROR_STOP=1', '--file=-'];

/**
 * Reads a dump back in place of what is there. pg_restore's own --clean cannot drop the keys of partitions, so the
 * schemas that are replaced are set aside first, and put back where reading fails.
 */
export async function replaceSchemas(shell: Shell, dump: string, database: string): Promise<void> {
  const schemas = [...(await runOnDatabase(shell, 'pg_restore', ['--list', dump], database)).matchAll(/^\d+; \d+ \d+ SCHEMA - (\w+) /gm)].flatMap(([, name = '']) => (name === 'public' ? [] : [name]));
  if (schemas.length === 0) throw new CommandError(EXIT.failed, `${dump} holds no schema of vmdns`);
  const psql = (sql: string): Promise<string> => runOnDatabase(shell, 'psql', PSQL, database, sql);
  await psql(forEach(schemas, `if exists (select 1 from pg_namespace where nspname = name) then
    execute format('drop schema if exists %I cascade', name || '__replaced');
    execute format('alter schema %I rename to %I', name, name || '__replaced');
  end if;`));
  try {
    await runOnDatabase(shell, 'pg_restore', ['--no-password', '--exit-on-error', '--single-transaction', '--dbname=', dump], database);
  } catch (error) {
    await psql(forEach(schemas, `if exists (select 1 from pg_namespace where nspname = name || '__replaced') then execute format('alter schema %I rename to %I', name || '__replaced', name); end if;`));
    throw error;
  }
  // One by one: a transaction holds a lock for each partition of each table.
  await psql(schemas.map((name) => `set client_min_messages = warning; drop schema if exists ${name}__replaced cascade;`).join('\n'));
}

const forEach = (schemas: readonly string[], work: string): string => `set client_min_messages = warning;
do $$
declare name text;
begin
  foreach name in array array[${schemas.map((name) => `'${name}'`).join(', ')}] loop
  ${work}
  end loop;
end $$;
`;
