import { Alert, Button, Stack, Text } from '@mantine/core';
import { ApiError } from '../api/client';

/** What went wrong, in the words of who knows, and what can be done. */
export function Trouble({ error, retry }: { readonly error: Error; readonly retry?: () => void }) {
  const status = error instanceof ApiError ? error.status : -1;
  return (
    <Alert color={status === 403 ? 'gray' : 'red'} role="alert" title={TITLES[status] ?? 'That did not work'}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{error.message}</Text>
        {error instanceof ApiError && error.problem?.faults?.map((fault) => <Text key={fault.path + fault.message} size="sm"><code>{fault.path}</code>: {fault.message}</Text>)}
        {retry !== undefined && status !== 403 && <Button size="xs" variant="default" onClick={retry}>Try again</Button>}
      </Stack>
    </Alert>
  );
}

const TITLES: Readonly<Record<number, string>> = {
  0: 'vmdns does not answer', 401: 'You are signed out', 403: 'Your role may not see this', 404: 'This is not known here', 409: 'It has changed meanwhile', 503: 'A part of vmdns does not answer now',
};
