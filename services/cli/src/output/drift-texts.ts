import type { Adoption, DriftEntry, RrsetSide, ZoneDrift } from '@vmdns/contracts';
import { table } from './table.js';
import { instant } from './texts.js';

/** The last comparison of a zone, for people. */
export function driftText(drift: ZoneDrift): string[] {
  const lines: string[] = [];
  if (drift.state === 'comparing') lines.push('It is being compared now.');
  if (drift.fault !== undefined) lines.push(`The last try gave nothing to act on: ${drift.fault.text}`, ...(drift.fault.hint === undefined ? [] : [`  ${drift.fault.hint}`]));
  const { counts } = drift;
  if (counts === undefined || drift.beganAt === undefined) return [...lines, 'It was never compared.'];
  lines.push(
    `Compared ${instant(drift.beganAt)} in ${Math.round(drift.tookMs ?? 0)} ms, mode ${drift.mode}: ${counts.equal} equal, ${counts.differs} different, ${counts.missing} missing, ${counts.orphans} ours and wanted no more, ${counts.foreign} of others.`,
    ...(counts.adoptable > 0 ? [`${counts.adoptable} of the equal ones are not ours; vmdns zone adopt takes them over without a write.`] : []),
    ...(counts.moving > 0 ? [`${counts.moving} names were being changed meanwhile and are left out.`] : []),
    ...(counts.repaired > 0 ? [`${counts.repaired} names are being put right.`] : []),
  );
  return [...lines, ...entriesText(drift.items)];
}

/** What adopting did, or would do. */
export function adoptionText(adoption: Adoption): string[] {
  const verb = adoption.dryRun ? 'would be' : 'are';
  const later = adoption.mode === 'observe' && adoption.different > 0 ? ', and become as wanted when the zone is written (mode write)' : '';
  return [
    `${adoption.equal} equal records ${verb} taken over without a write; ${adoption.different} different ones ${verb} taken over too${later}; ${adoption.left} different and ${adoption.foreign} foreign ones ${adoption.dryRun ? 'would stay' : 'stay'} as they are.`,
    ...entriesText(adoption.items),
  ];
}

function entriesText(items: readonly DriftEntry[]): string[] {
  return items.length === 0 ? [] : table([
    { title: 'WHAT', of: (entry: DriftEntry) => (entry.kind === 'differs' && !entry.ours ? 'differs, not ours' : entry.kind) },
    { title: 'NAME', of: (entry) => entry.name },
    { title: 'TYPE', of: (entry) => entry.type },
    { title: 'WANTED', of: (entry) => sideText(entry.wanted) },
    { title: 'THERE', of: (entry) => sideText(entry.held) },
  ], items);
}

function sideText(side: RrsetSide | undefined): string {
  if (side === undefined) return '';
  const { proxied, comments = [] } = side.remarks ?? {};
  const remarks = [...(proxied === true ? ['proxied'] : []), ...comments.map((comment) => `“${comment}”`)];
  return `${side.values.join(', ')} (TTL ${side.ttl}${remarks.length === 0 ? '' : `; ${remarks.join('; ')}`})`;
}
