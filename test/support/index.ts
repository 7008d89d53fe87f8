export { dnsAsk, freePort, NatsServer, pause, PostgresServer, PowerdnsServer, until, within, type DnsAnswer, type NameServer, type NewZone, type PowerdnsRrset } from '@vmdns/local';
export * from './postgres.js';
export * from './servers.js';
export { childEnv, finder, newFolder, ROOT } from './run-folder.js';
export * from './barrier.js';
export * from './fault-proxy.js';
export * from './tcp-proxy.js';
