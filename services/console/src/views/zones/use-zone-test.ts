import { useMutation } from '@tanstack/react-query';
import type { TestStep, ZoneTest } from '@vmdns/contracts';
import { useEffect, useRef, useState } from 'react';
import { ApiError, askLive, problemOf } from '../../api/client';

/** A zone that is not saved, over a connection that is or is not. */
export interface ZoneTrial { readonly name: string; readonly settings: Readonly<Record<string, unknown>>; readonly connectionId?: string; readonly connection?: { readonly provider: string; readonly settings: Readonly<Record<string, unknown>> } }
/** A saved zone; with `probe` a record is written, asked for and removed as well. */
export interface SavedZone { readonly id: string; readonly probe: boolean }

/** Tries a zone, and tells each step when it ends. A try that nobody looks at any more breaks off. */
export function useZoneTest() {
  const [steps, setSteps] = useState<readonly TestStep[]>([]);
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => { running.current?.abort(); }, []);
  const test = useMutation({
    mutationFn: async (zone: SavedZone | ZoneTrial) => {
      running.current?.abort();
      const { signal } = running.current = new AbortController();
      setSteps([]);
      const told = 'id' in zone
        ? askLive(`/v1/zones/${encodeURIComponent(zone.id)}/test/stream`, { method: 'POST', body: { probe: zone.probe }, signal })
        : askLive('/v1/zones/test/stream', { method: 'POST', body: zone, signal });
      for await (const { event, body } of told) {
        if (event === 'step') setSteps((known) => [...known, body as TestStep]);
        if (event === 'done') { setSteps((body as ZoneTest).steps); return body as ZoneTest; }
        if (event === 'problem') { const problem = problemOf(body); throw new ApiError(problem?.status ?? 500, problem, problem?.detail ?? problem?.title ?? 'the test broke off'); }
      }
      throw new ApiError(0, undefined, 'the test broke off before its end; try again');
    },
  });
  return { steps, ok: test.data?.ok, isRunning: test.isPending, error: test.error, run: (zone: SavedZone | ZoneTrial) => { test.mutate(zone); } };
}
