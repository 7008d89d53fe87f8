export * from './port/provider.js';
export * from './port/provider-error.js';
