import { z } from 'zod';

/** CloudEvents 1.0 in JSON (https://github.com/cloudevents/spec, JSON format 1.0); attributes we do not use are ignored. */
export const CloudEvent = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(256),
  source: z.string().min(1).max(256),
  type: z.string().min(1).max(128),
  subject: z.string().max(256).optional(),
  time: z.string().max(64).optional(),
  datacontenttype: z.string().optional(),
  data: z.unknown(),
});
export type CloudEvent<T = unknown> = Omit<z.infer<typeof CloudEvent>, 'data'> & { readonly data: T };

/** The envelope of one message type: the literal `type` and the schema of its `data`. */
export function cloudEventOf<K extends string, D extends z.ZodType>(type: K, data: D) {
  return CloudEvent.extend({ type: z.literal(type), data });
}
