import { refused } from './problems.js';

/** One line of a body, without its line break; the first is 1. */
export interface BodyLine { readonly line: number; readonly text: Buffer }

const BREAK = 0x0a;

/** The lines of a body as they come; a longer one than `max` bytes is refused. Holds one line at most. */
export async function* linesOf(body: AsyncIterable<Buffer>, max: number): AsyncIterable<BodyLine> {
  let line = 1;
  let parts: Buffer[] = [];
  let size = 0;
  const take = (part: Buffer) => {
    size += part.length;
    if (size > max) throw refused(413, `line ${line} is longer than ${max} bytes`, { Connection: 'close' });
    parts.push(part);
  };
  for await (const chunk of body) {
    let from = 0;
    for (let at = chunk.indexOf(BREAK); at >= 0; at = chunk.indexOf(BREAK, from)) {
      take(chunk.subarray(from, at));
      yield { line, text: Buffer.concat(parts, size) };
      from = at + 1;
      line += 1;
      parts = [];
      size = 0;
    }
    if (from < chunk.length) take(chunk.subarray(from));
  }
  if (size > 0) yield { line, text: Buffer.concat(parts, size) };
}
