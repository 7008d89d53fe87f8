import { readdirSync, readFileSync } from 'node:fs';
import { Readable, Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { EXIT, run } from '@vmdns/cli';
import { fileOf } from './pages.js';

const FOLDER = fileOf('deploy/docs/');
const text = readdirSync(FOLDER).filter((file) => file.endsWith('.md')).map((file) => readFileSync(`${FOLDER}${file}`, 'utf8')).join('\n');
const GROUPS = /^(connection|deadletter|hold|import|provider|ptr|record|settings|source|tenant|token|vm|zone)$/;

/** What stands as code: blocks and single words; `vmdns zone set <zone> --mode write` is the command `zone set` with the option `--mode`. */
const code = [...text.matchAll(/```sh\n(.*?)```/gs), ...text.matchAll(/`([^`\n]+)`/g)].map(([, inside]) => inside).join('\n');
const told = [...code.matchAll(/^vmdns ([a-z-]+(?: [^#\n]*)?)/gm)].map(([, line = '']) => {
  const words = line.trim().split(/\s+/);
  const path = GROUPS.test(words[0] ?? '') ? words.slice(0, 2) : words.slice(0, 1);
  return { command: path.join(' '), options: words.filter((word) => /^--[a-z]/.test(word)) };
});
const commands = [...new Set(told.map(({ command }) => command))].sort();

async function helpOf(command: string): Promise<{ readonly code: number; readonly help: string }> {
  const said: string[] = [];
  const sink = () => new Writable({ write(chunk, _encoding, done) { said.push(String(chunk)); done(); } });
  const code = await run([...command.split(' '), '--help'], { environment: {}, folder: '/', stdin: Readable.from([]), stdout: sink(), stderr: sink(), signal: new AbortController().signal, now: () => new Date(0) });
  return { code, help: said.join('') };
}

describe('the commands that the pages tell people to type', () => {
  it('are found', () => expect(commands).toEqual(expect.arrayContaining(['explain', 'hold approve', 'zone set'])));

  it.each(commands)('vmdns %s is a command, with the options that are told', async (command) => {
    const { code, help } = await helpOf(command);
    expect({ code, usage: help.split('\n')[0] }).toEqual({ code: EXIT.done, usage: expect.stringContaining(`vmdns ${command}`) });
    for (const option of told.filter((one) => one.command === command).flatMap((one) => one.options)) expect(help).toContain(option);
  });
});
