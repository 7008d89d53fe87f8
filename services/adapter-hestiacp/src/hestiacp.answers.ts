import { askZoneSerial, findWrongAnswers, type DnsServer, type ExpectedAnswer, type WrongAnswer } from '@vmdns/provider-kit';
import { loadFaultsOf } from './hestiacp.loading.js';
import { isServed } from './hestiacp.serial.js';
import type { ZoneFile } from './hestiacp.zone-file.js';

/**
 * What the panel's BIND does not answer as it should (L9). The serial comes first: HestiaCP says success for a record
 * with which BIND refuses the zone, and from then on the old zone is served, whatever is changed. `rebuild` is called where
 * BIND has the file's serial and not its records.
 */
export async function askServed(file: ZoneFile, server: DnsServer, expected: readonly ExpectedAnswer[], signal: AbortSignal, rebuild?: () => Promise<void>): Promise<readonly WrongAnswer[]> {
  const serial = file.head?.serial ?? (await file.readHead(signal)).serial;
  const [served, wrong] = await Promise.all([askZoneSerial(server, file.apex, signal), findWrongAnswers(server, expected, signal)]);
  const at = `${server.host}:${server.port}`;
  if (!served.ok && served.silent) return expected.map((one) => ({ expected: one, answered: served.why, silent: true, hint: `Is ${at} the panel's name server, and may vmdns ask it? Set the name server of the connection or zone.` }));
  if (!served.ok) return expected.map((one) => ({ expected: one, answered: `${at} does not serve ${file.apex} (${served.why})`, hint: stuckHint(file, serial) }));
  if (!isServed(served.serial, serial)) return expected.map((one) => ({ expected: one, answered: stuckWords(at, served.serial, serial), hint: stuckHint(file, serial) }));
  // The file was changed and BIND not told of it: a writer of ours ended between the two.
  if (wrong.length > 0) await rebuild?.();
  return wrong;
}

export const stuckWords = (at: string, served: number, serial: string): string => `${at} still serves the zone with serial ${served}, while HestiaCP is at ${serial}: BIND has not loaded it since`;

/** What to mend, with the records that BIND would refuse, as far as the file is known. */
export function stuckHint(file: ZoneFile, serial: string): string {
  const faults = loadFaultsOf(file.knownRows, file.apex, serial);
  const zone = file.apex.slice(0, -1);
  const why = faults.length === 0 ? `See why on the server: named-checkzone ${zone} with the .db file of the zone in the user's conf/dns folder.` : `In its file ${faults.join('; ')}.`;
  return `${why} Mend it at HestiaCP; vmdns looks again by itself.`;
}
