import { Skeleton, Stack } from '@mantine/core';

/** Something is on its way. */
export function Loading({ lines = 4 }: { readonly lines?: number }) {
  return <Stack role="status" aria-label="Loading" gap="sm">{Array.from({ length: lines }, (_, line) => <Skeleton key={line} height={22} />)}</Stack>;
}
