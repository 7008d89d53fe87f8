import { runMain } from '@vmdns/chassis';
import { readConfig } from './config.js';
import { startInventory } from './start.js';

runMain(() => startInventory(readConfig()));
