import { Badge } from '@mantine/core';
import { colorOf } from '../app/theme';

/** A state as a word in its colour. */
export function StateBadge({ state }: { readonly state: string }) {
  return <Badge variant="light" color={colorOf(state)} tt="none" className="nowrap" miw="max-content">{state}</Badge>;
}
