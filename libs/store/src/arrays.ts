/**
 * Arrays as parameters in Postgres' binary format, for the statements that take thousands of rows at once: no element is
 * quoted, escaped or parsed as text on either side. The statement must cast the parameter to just that array type.
 */

const TEXT = 25;
const JSONB = 3802;
const INT8 = 20;
const TIMESTAMPTZ = 1184;
const BOOL = 16;

/** Dimensions, whether there are nulls, the element type, the length and the lower bound (array_recv). */
const HEADER = 20;
/** jsonb_recv: the version before the text. */
const JSONB_VERSION = 1;
const EPOCH_2000_MS = 946_684_800_000;

function writeHeader(bytes: Buffer, element: number, length: number, hasNulls: boolean): void {
  bytes.writeInt32BE(1, 0);
  bytes.writeInt32BE(hasNulls ? 1 : 0, 4);
  bytes.writeInt32BE(element, 8);
  bytes.writeInt32BE(length, 12);
  bytes.writeInt32BE(1, 16);
}

function ofTexts(element: number, values: readonly (string | null)[], prefix: number | undefined): Buffer {
  let size = HEADER;
  // A UTF-16 unit is at most three bytes.
  for (const value of values) size += 5 + (value === null ? 0 : value.length * 3);
  const bytes = Buffer.allocUnsafe(size);
  let hasNulls = false;
  let at = HEADER;
  for (const value of values) {
    if (value === null) {
      hasNulls = true;
      at = bytes.writeInt32BE(-1, at);
      continue;
    }
    let end = at + 4;
    if (prefix !== undefined) end = bytes.writeUInt8(prefix, end);
    end += bytes.write(value, end);
    bytes.writeInt32BE(end - at - 4, at);
    at = end;
  }
  writeHeader(bytes, element, values.length, hasNulls);
  return bytes.subarray(0, at);
}

function ofWords(element: number, values: readonly (number | null)[]): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER + values.length * 12);
  let hasNulls = false;
  let at = HEADER;
  for (const value of values) {
    if (value === null) {
      hasNulls = true;
      at = bytes.writeInt32BE(-1, at);
      continue;
    }
    at = bytes.writeInt32BE(8, at);
    const high = Math.floor(value / 2 ** 32);
    at = bytes.writeInt32BE(high, at);
    at = bytes.writeUInt32BE(value - high * 2 ** 32, at);
  }
  writeHeader(bytes, element, values.length, hasNulls);
  return bytes.subarray(0, at);
}

/** For `$n::text[]`. */
export function textArray(values: readonly (string | null)[]): Buffer {
  return ofTexts(TEXT, values, undefined);
}

/** For `$n::jsonb[]`; the values are JSON already, and null is SQL's. */
export function jsonbArray(values: readonly (string | null)[]): Buffer {
  return ofTexts(JSONB, values, JSONB_VERSION);
}

/** For `$n::bigint[]`; safe integers. A smaller type is a cast of the column in the statement. */
export function bigintArray(values: readonly (number | null)[]): Buffer {
  return ofWords(INT8, values);
}

/** For `$n::timestamptz[]`; milliseconds since 1970. */
export function timestampArray(values: readonly (number | null)[]): Buffer {
  return ofWords(TIMESTAMPTZ, values.map((ms) => (ms === null ? null : (ms - EPOCH_2000_MS) * 1000)));
}

/** For `$n::boolean[]`. */
export function booleanArray(values: readonly boolean[]): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER + values.length * 5);
  let at = HEADER;
  for (const value of values) {
    at = bytes.writeInt32BE(1, at);
    at = bytes.writeUInt8(value ? 1 : 0, at);
  }
  writeHeader(bytes, BOOL, values.length, false);
  return bytes;
}
