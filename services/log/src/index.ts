export { Config } from './config.js';
export { startLog } from './start.js';
