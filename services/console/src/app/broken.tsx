import { Alert, Button, Stack, Text, Title } from '@mantine/core';
import { useRouteError } from 'react-router';

/** A view that could not be loaded, or broke: never a blank page. */
export function Broken() {
  const error = useRouteError();
  return (
    <Stack p="md" align="flex-start">
      <Title order={1} size="h2">This view could not be shown</Title>
      <Alert color="red" role="alert" title="It was not loaded, or broke"><Text size="sm">{error instanceof Error ? error.message : 'vmdns may not answer now, or may have been replaced by a newer version.'}</Text></Alert>
      <Button onClick={() => { window.location.reload(); }}>Load it again</Button>
    </Stack>
  );
}
