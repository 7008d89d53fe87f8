export { FakeCloudflare, type FakeCall, type FakeOptions, type FakeToken } from './fake-cloudflare.js';
export type { FakeRecord, FakeZone } from './fake-zone.js';
