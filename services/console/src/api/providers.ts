import { useQuery } from '@tanstack/react-query';
import type { Provider } from '@vmdns/contracts';
import { ask } from './client';

/** The providers whose adapters have announced themselves, with their forms. */
export const useProviders = () => useQuery({ queryKey: ['providers'], queryFn: ({ signal }) => ask<{ readonly items: readonly Provider[] }>('/v1/providers', { signal }).then((answer) => answer.items), refetchInterval: 10_000 });
