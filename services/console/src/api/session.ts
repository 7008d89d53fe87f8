import { queryOptions, useQuery, type QueryClient } from '@tanstack/react-query';
import type { Session } from '@vmdns/contracts';
import { ApiError, ask } from './client';

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async ({ signal }): Promise<Session | null> => {
    try {
      return await ask<Session>('/v1/session', { signal });
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000, refetchInterval: 5 * 60_000, retry: 1,
});

export const signIn = (token: string) => ask<Session>('/v1/session', { method: 'POST', body: { token } });
export const signOut = () => ask<undefined>('/v1/session', { method: 'DELETE' });

/** Another person, or nobody: nothing of what the one before saw stays. */
export function enter(queries: QueryClient, session: Session | null): void {
  queries.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionQuery.queryKey[0] });
  queries.setQueryData(sessionQuery.queryKey, session);
}

/** What the signed-in person may do. The gateway refuses the rest all the same; here it is not shown. */
export interface Permissions { readonly session: Session; readonly operates: boolean; readonly publishes: boolean; readonly watches: boolean; readonly administers: boolean }

export function permissionsOf(session: Session): Permissions {
  const { role, tenant } = session;
  return {
    session, administers: role === 'admin', operates: role === 'admin' || role === 'operator',
    publishes: role !== 'viewer', watches: role !== 'publisher' && tenant === null,
  };
}

/** Of the page that is shown: there is one only for who is signed in. */
export function usePermissions(): Permissions {
  const { data } = useQuery(sessionQuery);
  return permissionsOf(data ?? { name: '', role: 'viewer', tenant: null, expiresAt: null });
}
