import { runMain } from '@vmdns/chassis';
import { readConfig } from './config.js';
import { startLog } from './start.js';

runMain(() => startLog(readConfig()));
