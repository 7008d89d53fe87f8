export { Config } from './config.js';
export { hostAdapter, startAdapter } from './host-adapter.js';
