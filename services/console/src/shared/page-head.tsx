import { Group, Title } from '@mantine/core';
import { useEffect, type ReactNode } from 'react';

/** The head of a view: its one level-1 title, which is also the tab's, and what can be done here. */
export function PageHead({ title, badge, children }: { readonly title: string; readonly badge?: ReactNode; readonly children?: ReactNode }) {
  useEffect(() => { document.title = `${title} · vmdns`; }, [title]);
  return (
    <Group justify="space-between" mb="md" wrap="wrap">
      <Group gap="sm"><Title order={1} size="h2" style={{ overflowWrap: 'anywhere' }}>{title}</Title>{badge}</Group>
      <Group gap="xs">{children}</Group>
    </Group>
  );
}
