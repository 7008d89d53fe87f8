export { Config, readConfig } from './config.js';
export { startPlanner } from './start.js';
