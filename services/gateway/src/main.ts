import { runMain } from '@vmdns/chassis';
import { readConfig } from './config.js';
import { startGateway } from './start.js';

runMain(() => startGateway(readConfig()));
