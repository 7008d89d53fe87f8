import { BaseConfig, parseConfig } from '@vmdns/chassis';
import { z } from 'zod';

const ms = (preset: number) => z.coerce.number().int().min(1).default(preset);

/** The planner's settings: limits of a batch, and how patient it is. */
export const Config = BaseConfig.extend({
  GONE_RETENTION_DAYS: z.coerce.number().int().min(2).default(90).describe('A VM that is gone, and a name that has no record, are forgotten after so many days.'),
  PLAN_EVENTS_MAX: z.coerce.number().int().min(1).max(200).default(200).describe('VM events in one transaction, at most.'),
  PLAN_PAGE_NAMES: z.coerce.number().int().min(1).max(1000).default(500).describe('Names in one transaction of paged work (re-homing, planning again), at most, so that events never wait long.'),
  REISSUE_FIRST_MS: ms(5_000).describe('What no adapter was heard of is issued again after this time, doubling up to `REISSUE_MAX_MS`.'),
  REISSUE_MAX_MS: ms(600_000).describe('The longest pause between two issues of one name.'),
  SWEEP_MS: ms(1_000).describe('How often the planner looks for what is due: issues, pages of work.'),
});
export type Config = z.output<typeof Config>;

/** The only place where this service reads its environment. */
export const readConfig = (): Config => parseConfig(Config, process.env);
