import { parseConfig, runMain } from '@vmdns/chassis';
import { Config } from './config.js';
import { startLog } from './start.js';

runMain(() => startLog(parseConfig(Config, process.env)));
