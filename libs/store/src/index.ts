export * from './arrays.js';
export * from './store-errors.js';
export * from './store.js';
export * from './change-feed.js';
export * from './feed-reader.js';
export * from './timeline.js';
export { CLUSTER } from './history.js';
