import { Alert } from '@mantine/core';
import { notifyManager, useQueryClient, type QueryCache } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { ApiError } from '../api/client';
import { When } from '../shared/when';

/** When what is shown was known last, where the door does not answer for it now; 0: all of it is fresh. */
function staleSince(cache: QueryCache): number {
  const stale = cache.findAll({ type: 'active', predicate: ({ state }) => state.status === 'error' && state.data !== undefined && !(state.error instanceof ApiError && state.error.status >= 400 && state.error.status < 500) });
  return stale.length === 0 ? 0 : Math.min(...stale.map(({ state }) => state.dataUpdatedAt));
}

/** Says that what is shown is old, for as long as it is: views ask again by themselves. */
export function StaleNotice() {
  const cache = useQueryClient().getQueryCache();
  const since = useSyncExternalStore((changed) => cache.subscribe(notifyManager.batchCalls(changed)), () => staleSince(cache));
  if (since === 0) return null;
  return <Alert color="yellow" role="status" mb="sm" title="vmdns does not answer now">What is shown was so at <When at={new Date(since).toISOString()} />. It is asked again by itself.</Alert>;
}
