export * from './memory-world.js';
export * from './memory-provider.js';
