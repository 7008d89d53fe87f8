export * from './contract/harness.js';
export * from './contract/provider-contract.js';
export * from './contract/story.js';
export * from './memory/index.js';
export * from './fault-door.js';
