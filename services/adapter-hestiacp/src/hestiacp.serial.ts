/**
 * HestiaCP's serials. Up to 1.9 they are YYYYMMDDNN, and the hundredth change of a day makes eleven digits, which BIND
 * refuses: the zone stays as it was until the next day. From 1.10 on they count up from 3,000,000,000.
 */
const COUNTED_FROM = 3_000_000_000;
const SERIAL_MAX = 4_294_967_295;
const SERIAL_MODULUS = 2 ** 32;
const LAST_OF_DAY = 99;
const BEHIND_UTC_MAX_MS = 12 * 3_600_000;

/** Whether BIND can load a zone with this serial at all. */
export const isLoadableSerial = (serial: string): boolean => /^\d{1,10}$/.test(serial) && Number(serial) <= SERIAL_MAX;

/** What the serial tells of the version; undefined where it could be either. */
export function versionOfSerial(serial: string): '1.9' | '1.10' | undefined {
  if (/^20\d{6}\d{2,}$/.test(serial)) return '1.9';
  return Number(serial) >= COUNTED_FROM && isLoadableSerial(serial) ? '1.10' : undefined;
}

/** Whether exactly `steps` changes lie between the two, as far as the serials tell: a new day begins at 01, the upgrade to 1.10 at its own first. */
export function isAfter(before: string, after: string, steps: number): boolean {
  if (steps === 0) return before === after;
  const wrapped = (Number(before) + steps) % SERIAL_MODULUS;
  if (Number(after) === wrapped || (Number(after) === wrapped + 1 && wrapped < Number(before))) return true;
  const dayBefore = before.slice(0, 8), dayAfter = after.slice(0, 8);
  if (versionOfSerial(after) === '1.9' && dayAfter > dayBefore) return Number(after.slice(8)) <= steps;
  return versionOfSerial(before) === '1.9' && Number(after) >= COUNTED_FROM && Number(after) - COUNTED_FROM <= steps;
}

/** Whether `served` is `known` or newer (RFC 1982). */
export const isServed = (served: number, known: string): boolean => isLoadableSerial(known) && (served - Number(known) + SERIAL_MODULUS) % SERIAL_MODULUS < SERIAL_MODULUS / 2;

/**
 * How many more changes of today 1.9 bears; undefined where there is no such limit. The server's own day is not told: it
 * may still be the day of twelve hours ago.
 */
export function changesLeftToday(serial: string, now: Date): number | undefined {
  if (versionOfSerial(serial) !== '1.9') return undefined;
  const isPast = serial.slice(0, 8) < dayOf(new Date(now.getTime() - BEHIND_UTC_MAX_MS));
  return isPast ? LAST_OF_DAY : Math.max(0, LAST_OF_DAY - Number(serial.slice(8)));
}

const dayOf = (at: Date): string => at.toISOString().slice(0, 10).replaceAll('-', '');
