import { useInfiniteQuery } from '@tanstack/react-query';
import { ask, type Query } from './client';

export interface Page<T> { readonly items: readonly T[]; readonly next?: string }

const PAGE_SIZE = 100;

/** A list that is read page by page as one scrolls. */
export function usePages<T>(path: string, query: Query = {}, { refreshMs, enabled = true }: { readonly refreshMs?: number; readonly enabled?: boolean } = {}) {
  const pages = useInfiniteQuery({
    queryKey: [path, query], enabled,
    queryFn: ({ pageParam, signal }) => ask<Page<T>>(path, { query: { limit: PAGE_SIZE, ...query, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next,
    placeholderData: (before) => before,
    // Only while one page is read: a long list is not read again under the reader's eyes.
    refetchInterval: (read) => refreshMs !== undefined && (read.state.data?.pages.length ?? 0) <= 1 ? refreshMs : false,
  });
  return { ...pages, items: pages.data?.pages.flatMap((page) => page.items) ?? [] };
}
