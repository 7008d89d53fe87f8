import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { usage } from '../exit.js';
import type { Shell } from '../shell.js';

/** A whole file; `-` is standard input. */
export async function textOfFile(path: string, shell: Pick<Shell, 'folder' | 'stdin'>): Promise<string> {
  if (path === '-') return text(shell.stdin);
  return readFile(resolve(shell.folder, path), 'utf8').catch(() => { throw usage(`${path} cannot be read`); });
}
