export { FakeHestia, type FakeKey } from './fake-hestia.js';
export type { FakeRow, FakeVersion, FakeZone } from './fake-zone.js';
export { selfSigned, type SelfSigned } from './self-signed.js';
