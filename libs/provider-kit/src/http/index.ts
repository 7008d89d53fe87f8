export * from './http-client.js';
export * from './redact.js';
export * from './json-array-scanner.js';
export type { TlsTrust } from './tls-trust.js';
export * from './peer-certificate.js';
