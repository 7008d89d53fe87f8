import { useInfiniteQuery } from '@tanstack/react-query';
import type { HoldPage } from '@vmdns/contracts';
import { ask } from '../../api/client';

const PAGE_SIZE = 200;
const LOOK_MS = 5_000;

export type Member = HoldPage['members'][number];
export const keyOf = (member: Member): string => member.vmId ?? `${member.name ?? ''} ${member.zone ?? member.text}`;

/** A hold with as many of its members as were scrolled to. */
export function useHold(id: string) {
  const pages = useInfiniteQuery({
    queryKey: ['hold', id],
    queryFn: ({ pageParam, signal }) => ask<HoldPage>(`/v1/holds/${encodeURIComponent(id)}`, { query: { limit: PAGE_SIZE, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined, getNextPageParam: (last) => last.next,
    refetchInterval: (read) => (read.state.data?.pages.length ?? 0) <= 1 ? LOOK_MS : false,
  });
  return { ...pages, hold: pages.data?.pages.at(-1)?.hold, members: pages.data?.pages.flatMap((page) => page.members) ?? [] };
}
