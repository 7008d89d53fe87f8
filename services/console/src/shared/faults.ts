import { ApiError } from '../api/client';

/** The faults of a refused input, by path. */
export function faultsIn(error: Error | null): Readonly<Record<string, string>> {
  if (!(error instanceof ApiError)) return {};
  return Object.fromEntries((error.problem?.faults ?? []).map((fault) => [fault.path, fault.message]));
}
