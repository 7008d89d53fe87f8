import { Text } from '@mantine/core';
import type { Reason } from '@vmdns/contracts';
import { Sentence } from './sentence';

/** Why, in a sentence, and what to do. */
export function ReasonText({ reason }: { readonly reason: Reason | undefined }) {
  if (reason === undefined) return null;
  return (
    <>
      <Text size="sm"><Sentence text={reason.text} /></Text>
      {reason.hint !== undefined && <Text size="sm" c="dimmed">{reason.hint}</Text>}
    </>
  );
}
