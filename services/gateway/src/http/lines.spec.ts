import { describe, expect, it } from '@jest/globals';
import { linesOf } from './lines.js';

async function* chunks(...parts: readonly string[]): AsyncIterable<Buffer> {
  for (const part of parts) yield await Promise.resolve(Buffer.from(part));
}
async function read(max: number, ...parts: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const { line, text } of linesOf(chunks(...parts), max)) lines.push(`${line}:${text.toString()}`);
  return lines;
}

describe('a body line by line', () => {
  it('is cut at line breaks, wherever the parts end; the last line needs none', async () => {
    expect(await read(100, 'a', 'b\nc', '\n\n', 'd\r\ne')).toEqual(['1:ab', '2:c', '3:', '4:d\r', '5:e']);
    expect(await read(100, 'a\n')).toEqual(['1:a']);
    expect(await read(100)).toEqual([]);
  });
  it('refuses a line that is too long, before it is whole', async () => {
    await expect(read(4, 'ab\ncd', 'ef', 'g')).rejects.toMatchObject({ problem: { status: 413, detail: 'line 2 is longer than 4 bytes' } });
  });
});
