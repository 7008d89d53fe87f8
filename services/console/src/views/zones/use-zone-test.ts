import { useMutation } from '@tanstack/react-query';
import type { TestStep, ZoneTest } from '@vmdns/contracts';
import { ask } from '../../api/client';

/** A zone that is not saved, over a connection that is or is not. */
export interface ZoneTrial { readonly name: string; readonly settings: Readonly<Record<string, unknown>>; readonly connectionId?: string; readonly connection?: { readonly provider: string; readonly settings: Readonly<Record<string, unknown>> } }

/** Tries a zone: a saved one by its id, or one that is still being filled in. */
export function useZoneTest() {
  const test = useMutation({ mutationFn: (zone: string | ZoneTrial) => typeof zone === 'string' ? ask<ZoneTest>(`/v1/zones/${encodeURIComponent(zone)}/test`, { method: 'POST' }) : ask<ZoneTest>('/v1/zones/test', { method: 'POST', body: zone }) });
  const steps: readonly TestStep[] = test.data?.steps ?? [];
  return { steps, ok: test.data?.ok, isRunning: test.isPending, error: test.error, run: (zone: string | ZoneTrial) => { test.mutate(zone); } };
}
