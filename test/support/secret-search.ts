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

/** Every text in every table of every schema; given secrets, only the rows that have one of them in some shape, so that it may be any number of rows. */
export async function textOfTables(database: TestDatabase, secrets?: Places): Promise<string> {
  const tables = await database.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`);
  if (tables.length === 0) return '';
  const [which, parameters] = secrets === undefined ? ['', []] : ['where t::text like any ($1)', [Object.values(secrets).flatMap(shapesOf).map((shape) => `%${shape.replaceAll(/[\\%_]/g, '\\$&')}%`)]];
  const rows = await database.query<{ line: string }>(tables.map(({ name }) => `select '${name} ' || t::text as line from ${name} t ${which}`).join(' union all '), parameters);
  return rows.map(({ line }) => line).join('\n');
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** All files below a folder, but those whose path has one of these words at its end or, as a folder, in it. Who writes them may take one away meanwhile. */
function* eachFile(folder: string, but: readonly string[]): Generator<string> {
  for (const path of filesBelow(folder)) {
    const isMeant = !but.some((word) => (word.endsWith('/') ? path.slice(folder.length).includes(`/${word}`) : path.endsWith(word)));
    if (isMeant && existsSync(path)) yield `${path}\n${readFileSync(path, 'latin1')}`;
  }
}

export const textOfFiles = (folder: string, but: readonly string[] = []): string => [...eachFile(folder, but)].join('\n');

/** As `findSecrets` in `textOfFiles`, holding one file at a time. */
export function findSecretsInFiles(place: string, folder: string, secrets: Places, but: readonly string[] = []): readonly string[] {
  const found: string[] = [];
  for (const text of eachFile(folder, but)) found.push(...findSecrets({ [place]: text }, secrets));
  return found;
}
