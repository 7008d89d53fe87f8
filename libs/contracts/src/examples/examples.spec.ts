import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import type { z } from 'zod';
import {
  AnnouncementEvent, cloudEventOf, CommandEvent, DeadLetterEvent, DeedEvent, inboundTypes, NoticeEvent, ResultEvent, VmStateEvent, VmStatusEvent, ZoneFeedEvent,
} from '../index.js';

const folder = new URL('./', import.meta.url);
const byType: Record<string, z.ZodType> = {
  ...Object.fromEntries(Object.entries(inboundTypes).map(([type, data]) => [type, cloudEventOf(type, data)])),
  ...Object.fromEntries([VmStateEvent, ZoneFeedEvent, CommandEvent, ResultEvent, AnnouncementEvent, VmStatusEvent, DeadLetterEvent, NoticeEvent, DeedEvent].map((schema) => [schema.shape.type.value, schema])),
};
const files = readdirSync(folder).filter((file) => file.endsWith('.json'));

describe('the example of each message, which must parse for ever', () => {
  it('exists for every type', () => {
    expect(files.map((file) => file.slice(0, -'.json'.length)).sort()).toEqual(Object.keys(byType).sort());
  });
  it.each(files)('%s', (file) => {
    const example: unknown = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
    const schema = byType[file.slice(0, -'.json'.length)];
    expect(schema?.parse(example)).toEqual(example);
  });
  it.each(files.filter((file) => !Object.keys(inboundTypes).some((type) => file === `${type}.json`)))('%s may grow: a field we do not know is ignored', (file) => {
    const example = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as { data: Record<string, unknown> };
    const grown = { ...example, data: { ...example.data, addedLater: 1 } };
    expect(byType[file.slice(0, -'.json'.length)]?.parse(grown)).toEqual(example);
  });
});
