export { startGateway } from './start.js';
export { Config } from './config.js';
