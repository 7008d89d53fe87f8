import { runMain } from '@vmdns/chassis';
import { readConfig } from './config.js';
import { startPlanner } from './start.js';

runMain(() => startPlanner(readConfig()));
