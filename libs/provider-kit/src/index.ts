export * from './port/provider.js';
export * from './port/provider-error.js';
export * from './port/disabled.js';
export * from './engine/turn.js';
export * from './engine/run-turn.js';
export { intentDigests } from './engine/name-plan.js';
export * from './schema/form-schema.js';
export * from './http/index.js';
export * from './dns/index.js';
