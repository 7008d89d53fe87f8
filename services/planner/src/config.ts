import { BaseConfig, parseConfig } from '@vmdns/chassis';
import { z } from 'zod';

const ms = (preset: number) => z.coerce.number().int().min(1).default(preset);

/** The planner's settings: limits of a batch, and how patient it is. */
export const Config = BaseConfig.extend({
  /** Events per transaction at most (PROTOCOL §7). */
  PLAN_EVENTS_MAX: z.coerce.number().int().min(1).max(200).default(200),
  /** Names per transaction of paged work at most, so that events never wait long. */
  PLAN_PAGE_NAMES: z.coerce.number().int().min(1).max(1000).default(1000),
  /** What was never heard of is issued again after this time, doubling up to the next. */
  REISSUE_FIRST_MS: ms(5_000),
  REISSUE_MAX_MS: ms(600_000),
  /** How often the planner looks for what is due: issues, pages of work. */
  SWEEP_MS: ms(1_000),
});
export type Config = z.output<typeof Config>;

/** The only place where this service reads its environment. */
export const readConfig = (): Config => parseConfig(Config, process.env);
