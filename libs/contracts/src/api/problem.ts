import { z } from 'zod';

/** One fault of an input: where (a JSON path such as `addresses[2].ip`) and what to mend. */
export const Fault = z.object({ path: z.string(), message: z.string() });
export type Fault = z.infer<typeof Fault>;

/** RFC 9457 problem details; `code` is ours and stable, `faults` names every fault of a bad input. */
export const Problem = z.object({
  type: z.string().default('about:blank'),
  status: z.int(),
  code: z.enum(['bad-input', 'unauthorized', 'forbidden', 'not-found', 'conflict', 'too-large', 'unavailable', 'internal']),
  title: z.string(),
  detail: z.string().optional(),
  faults: z.array(Fault).optional(),
});
export type Problem = z.infer<typeof Problem>;

/** Who calls: the gateway has checked the token; services check tenant and role again where it matters. */
export const Role = z.enum(['admin', 'operator', 'publisher', 'viewer']);
export type Role = z.infer<typeof Role>;
export const Caller = z.object({
  name: z.string(), role: Role, tenant: z.string().nullable(),
  /** What its events may name as their source, besides `http:<name>`; absent: anything but another's `http:…`. */
  sources: z.array(z.string()).optional(),
});
export type Caller = z.infer<typeof Caller>;
