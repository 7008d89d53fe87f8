import { Paper, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

/** There is nothing here yet, why that is, and the way on. */
export function Empty({ title, children, action }: { readonly title: string; readonly children?: ReactNode; readonly action?: ReactNode }) {
  return (
    <Paper withBorder p="xl">
      <Stack align="center" gap="xs" ta="center">
        <Title order={2} size="h4">{title}</Title>
        {children !== undefined && <Text c="dimmed" maw={520}>{children}</Text>}
        {action}
      </Stack>
    </Paper>
  );
}
