export { hostAdapter, startAdapter } from './host-adapter.js';
