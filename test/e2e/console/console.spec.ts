import { beforeAll, jest } from '@jest/globals';
import { largeStories, lifeStories, logStories } from './console-life.js';
import { newcomerStories, operatorStories, signInStories } from './console-stories.js';
import { everyView, holdStories, roleStories } from './console-views.js';
import { closeAfterAll, ConsoleWorld } from './console-world.js';

// The console in a real browser against a real stack: every view for everybody, and what an operator at night, and a
// colleague for the first time, come for.

jest.setTimeout(120_000);

let opened: ConsoleWorld | undefined;
const world = (): ConsoleWorld => {
  if (opened === undefined) throw new Error('the world did not open');
  return opened;
};
beforeAll(async () => { opened = await ConsoleWorld.open(); }, 240_000);
closeAfterAll(() => opened);

everyView(world);
roleStories(world);
holdStories(world);
signInStories(world);
operatorStories(world);
newcomerStories(world);
lifeStories(world);
largeStories(world);
// Last: its gateway is killed.
logStories(world);
