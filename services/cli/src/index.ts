export { Environment } from './config.js';
export { run } from './program.js';
export { EXIT, type ExitCode } from './exit.js';
export type { Shell } from './shell.js';
