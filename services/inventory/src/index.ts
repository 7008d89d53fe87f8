export { Config } from './config.js';
export { startInventory } from './start.js';
