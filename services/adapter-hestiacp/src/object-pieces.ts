/** One member of a JSON object, its value unparsed. */
export interface ObjectPiece { readonly key: string; readonly text: string }

/**
 * The members of a JSON object in the order in which they stand, equal keys too: `JSON.parse` would drop all but the
 * last, and HestiaCP's listings have equal keys where two writers took the same id. Throws SyntaxError for anything else.
 */
export function objectPieces(text: string): readonly ObjectPiece[] {
  const pieces: ObjectPiece[] = [];
  let at = skipBlank(text, 0);
  at = expect(text, at, '{');
  if (text[at] === '}') return ended(text, at + 1, pieces);
  for (;;) {
    const keyEnd = skipString(text, at);
    const key: unknown = JSON.parse(text.slice(at, keyEnd));
    at = expect(text, skipBlank(text, keyEnd), ':');
    const end = skipValue(text, at);
    pieces.push({ key: String(key), text: text.slice(at, end).trim() });
    at = skipBlank(text, end);
    if (text[at] === '}') return ended(text, at + 1, pieces);
    at = expect(text, at, ',');
  }
}

const BLANK = new Set([' ', '\t', '\n', '\r']);

function skipBlank(text: string, from: number): number {
  let at = from;
  while (BLANK.has(text[at] ?? '')) at += 1;
  return at;
}

function expect(text: string, at: number, sign: string): number {
  if (text[at] !== sign) throw new SyntaxError(`"${sign}" was expected at ${at}`);
  return skipBlank(text, at + 1);
}

function ended(text: string, at: number, pieces: readonly ObjectPiece[]): readonly ObjectPiece[] {
  if (skipBlank(text, at) !== text.length) throw new SyntaxError(`the object ends at ${at}, the text does not`);
  return pieces;
}

function skipString(text: string, from: number): number {
  if (text[from] !== '"') throw new SyntaxError(`a string was expected at ${from}`);
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  throw new SyntaxError(`the string at ${from} does not end`);
}

/** The end of a value, whose inside is not looked at. */
function skipValue(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length;) {
    const sign = text[at];
    if (sign === '"') { at = skipString(text, at); continue; }
    if (depth === 0 && (sign === ',' || sign === '}')) return at;
    if (sign === '{' || sign === '[') depth += 1;
    if (sign === '}' || sign === ']') depth -= 1;
    at += 1;
  }
  throw new SyntaxError(`the value at ${from} does not end`);
}
