import { useEffect, useRef, useState } from 'react';
import type { LogEntry } from '@vmdns/contracts';
import { url, type Query } from './client';

export type FeedState = 'connecting' | 'live' | 'broken';

const HELD_MAX = 5_000;
const AGAIN_MS = 2_000;

interface Follower { readonly opened: () => void; readonly broke: () => void; readonly came: (entry: LogEntry) => void }

/**
 * Follows a stream for as long as the page looks. The browser opens a broken one again by itself and says which entry it
 * saw last; but it gives up for good where a gateway that is starting refuses once, so then a new one asks for what came
 * since the last entry.
 */
function follow(address: string, { opened, broke, came }: Follower): () => void {
  const seen = new Set<string>();
  let since: string | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  let stream = open();
  function open(): EventSource {
    const made = new EventSource(since === undefined ? address : `${address}${address.includes('?') ? '&' : '?'}since=${encodeURIComponent(since)}`);
    made.addEventListener('open', opened);
    made.addEventListener('error', () => {
      broke();
      if (made.readyState === EventSource.CLOSED) again = setTimeout(() => { stream = open(); }, AGAIN_MS);
    });
    made.addEventListener('entry', (event) => {
      const entry = JSON.parse((event as MessageEvent<string>).data) as LogEntry;
      since = entry.at;
      if (seen.has(entry.id)) return;
      seen.add(entry.id);
      if (seen.size > HELD_MAX) seen.delete(seen.values().next().value ?? '');
      came(entry);
    });
    return made;
  }
  return () => { clearTimeout(again); stream.close(); };
}

/** The log as it happens, newest first; while the stream is broken, `state` says so. */
export function useLogStream(query: Query, isPaused: boolean): { readonly entries: readonly LogEntry[]; readonly state: FeedState; readonly waiting: number } {
  const [entries, setEntries] = useState<readonly LogEntry[]>([]);
  const [state, setState] = useState<FeedState>('connecting');
  const [waiting, setWaiting] = useState(0);
  const held = useRef<LogEntry[]>([]);
  const paused = useRef(isPaused);
  const address = url('/v1/log/stream', query);

  useEffect(() => {
    setEntries([]);
    held.current = [];
    const stop = follow(address, { opened: () => { setState('live'); }, broke: () => { setState('broken'); }, came: (entry) => { held.current.push(entry); if (held.current.length > 2 * HELD_MAX) held.current.splice(0, HELD_MAX); } });
    // A burst is drawn four times a second, not once an entry.
    const timer = setInterval(() => {
      setWaiting(held.current.length);
      if (paused.current || held.current.length === 0) return;
      const fresh = held.current.splice(0).reverse();
      setEntries((known) => [...fresh, ...known].slice(0, HELD_MAX));
      setWaiting(0);
    }, 250);
    return () => { clearInterval(timer); stop(); };
  }, [address]);

  useEffect(() => { paused.current = isPaused; }, [isPaused]);
  return { entries, state, waiting };
}
