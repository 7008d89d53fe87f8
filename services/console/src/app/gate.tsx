import { Center, Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { sessionQuery } from '../api/session';
import { Trouble } from '../shared/trouble';
import { Shell } from './shell';
import { SignIn } from './sign-in';

/** Nothing is shown to who is not signed in; the address stays, so that signing in leads to the page that was asked for. */
export function Gate() {
  const session = useQuery(sessionQuery);
  if (session.isPending) return <Center h="100vh"><Loader aria-label="Loading" /></Center>;
  if (session.isError) return <Center h="100vh" p="md"><Trouble error={session.error} retry={() => { void session.refetch(); }} /></Center>;
  return session.data === null ? <SignIn /> : <Shell session={session.data} />;
}
