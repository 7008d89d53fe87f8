import { Group, Text } from '@mantine/core';
import type { Rates } from '@vmdns/contracts';

const [WIDTH, HEIGHT] = [600, 56];

/** Outcomes by minute: applied as bars, the others in red on top. */
export function Sparkline({ minutes }: { readonly minutes: Rates['minutes'] }) {
  const most = Math.max(1, ...minutes.map((minute) => minute.applied + minute.other));
  const wide = WIDTH / Math.max(1, minutes.length);
  const last = minutes.at(-2) ?? minutes.at(-1);
  const total = minutes.reduce((sum, minute) => sum + minute.applied, 0);
  return (
    <>
      <svg viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT)}`} width="100%" height={HEIGHT} preserveAspectRatio="none" role="img" aria-label={`${String(total)} applied in ${String(minutes.length)} minutes, ${String(last?.applied ?? 0)} in the last full one`}>
        {minutes.map((minute, place) => {
          const [applied, other] = [minute.applied / most * HEIGHT, minute.other / most * HEIGHT];
          return (
            <g key={minute.at}>
              <rect x={place * wide} width={Math.max(1, wide - 2)} y={HEIGHT - Math.max(applied, 1)} height={Math.max(applied, 1)} fill={applied > 0 ? 'var(--mantine-color-teal-6)' : 'var(--mantine-color-default-border)'} />
              {other > 0 && <rect x={place * wide} width={Math.max(1, wide - 2)} y={Math.max(0, HEIGHT - applied - other)} height={Math.max(other, 2)} fill="var(--mantine-color-red-6)" />}
            </g>
          );
        })}
      </svg>
      <Group justify="space-between"><Text size="xs" c="dimmed">{minutes.length} minutes ago</Text><Text size="xs" c="dimmed">{last?.applied ?? 0} in the last full minute, at most {most}</Text></Group>
    </>
  );
}
