export * from './nats-config.js';
export * from './users.js';
