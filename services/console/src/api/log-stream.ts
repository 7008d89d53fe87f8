import { useEffect, useRef, useState } from 'react';
import type { LogEntry } from '@vmdns/contracts';
import { url, type Query } from './client';

export type FeedState = 'connecting' | 'live' | 'broken';

const HELD_MAX = 5_000;

/**
 * The log as it happens, newest first. The browser opens a broken stream again by itself and says which entry it saw
 * last, so nothing is missed in between; meanwhile `state` is `broken`.
 */
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
    const stream = new EventSource(address);
    stream.addEventListener('open', () => { setState('live'); });
    stream.addEventListener('error', () => { setState('broken'); });
    stream.addEventListener('entry', (event) => { held.current.push(JSON.parse((event as MessageEvent<string>).data) as LogEntry); });
    // A burst is drawn four times a second, not once an entry.
    const timer = setInterval(() => {
      setWaiting(held.current.length);
      if (paused.current || held.current.length === 0) return;
      const fresh = held.current.splice(0).reverse();
      setEntries((known) => [...fresh, ...known].slice(0, HELD_MAX));
      setWaiting(0);
    }, 250);
    return () => { clearInterval(timer); stream.close(); };
  }, [address]);

  useEffect(() => { paused.current = isPaused; }, [isPaused]);
  return { entries, state, waiting };
}
