import { Alert, Button, Center, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError } from '../api/client';
import { enter, signIn } from '../api/session';

/** A token for a cookie that no script can read. */
export function SignIn() {
  const queries = useQueryClient();
  const [token, setToken] = useState('');
  const entering = useMutation({ mutationFn: () => signIn(token.trim()), onSuccess: (session) => { enter(queries, session); } });
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder p="xl" w={420} maw="100%">
        <form onSubmit={(event) => { event.preventDefault(); entering.mutate(); }}>
          <Stack>
            <Title order={1} size="h2">vmdns</Title>
            <Text c="dimmed">Sign in with a token. An operator&apos;s or viewer&apos;s token is made by an admin under Tokens, or by <code>vmdns</code>; the first one was written down at the first start.</Text>
            <PasswordInput label="Token" value={token} onChange={(event) => { setToken(event.currentTarget.value); }} autoComplete="current-password" required autoFocus data-autofocus />
            {entering.isError && <Alert color="red" role="alert" title="Not signed in">{refusal(entering.error)}</Alert>}
            <Button type="submit" loading={entering.isPending} disabled={token.trim() === ''}>Sign in</Button>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}

function refusal(error: Error): string {
  if (error instanceof ApiError && error.status === 401) return 'This token is not known, or was revoked. Is all of it there?';
  return error.message;
}
