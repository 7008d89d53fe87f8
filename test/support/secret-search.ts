import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestDatabase } from './postgres.js';

/** Texts that came out of something, by place. */
export type Places = Readonly<Record<string, string>>;

const BASE64_SKIPPED = [0, 2, 3] as const;

/** The middle of a text's base64 wherever the text begins in what was encoded: what its neighbours share a digit with is left out. */
function base64Shapes(secret: string, encoding: 'base64' | 'base64url'): readonly string[] {
  const bytes = Buffer.from(secret);
  return BASE64_SKIPPED.map((skipped, before) => Buffer.concat([Buffer.alloc(before), bytes]).toString(encoding).slice(skipped, Math.floor(((before + bytes.length) * 8) / 6)));
}

/** A secret in all the shapes in which it may travel. */
export function shapesOf(secret: string): readonly string[] {
  const url = encodeURIComponent(secret);
  return [...new Set([
    secret, url, url.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()), JSON.stringify(secret).slice(1, -1),
    ...base64Shapes(secret, 'base64'), ...base64Shapes(secret, 'base64url'), Buffer.from(secret).toString('hex'),
  ])];
}

const AROUND = 160;

/** Each secret in each place where it is, with the words around it and without itself. */
export function findSecrets(places: Places, secrets: Places): readonly string[] {
  return Object.entries(secrets).flatMap(([name, secret]) => {
    const shapes = shapesOf(secret);
    return Object.entries(places).flatMap(([place, text]) => {
      const shape = shapes.find((one) => text.includes(one));
      if (shape === undefined) return [];
      const at = text.indexOf(shape);
      const around = text.slice(Math.max(0, at - AROUND), at + shape.length + AROUND);
      return [`${name} in ${place}: …${shapes.reduce((words, one) => words.replaceAll(one, '***'), around)}…`];
    });
  });
}

/** Every text in every table of every schema. */
export async function textOfTables(database: TestDatabase): Promise<string> {
  const tables = await database.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`);
  if (tables.length === 0) return '';
  const rows = await database.query<{ line: string }>(tables.map(({ name }) => `select '${name} ' || t::text as line from ${name} t`).join(' union all '));
  return rows.map(({ line }) => line).join('\n');
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** All files below a folder, but those that end so. Who writes them may take one away meanwhile. */
export function textOfFiles(folder: string, but: readonly string[] = []): string {
  return filesBelow(folder).filter((path) => !but.some((name) => path.endsWith(name)) && existsSync(path)).map((path) => `${path}\n${readFileSync(path, 'latin1')}`).join('\n');
}
