export {
  dnsAsk, freePort, NatsServer, pause, PostgresServer, PowerdnsServer, Refused, ServiceProcess, until, within,
  type AskedType, type DnsAnswer, type HttpAnswer, type NameServer, type NewZone, type PowerdnsRrset, type ServiceName,
} from '@vmdns/local';
export * from './barrier.js';
export * from './browser.js';
export * from './fault-proxy.js';
export * from './gateway-client.js';
export * from './postgres.js';
export { childEnv, finder, newFolder, ROOT, runFolder } from './run-folder.js';
export * from './scripted-service.js';
export * from './secret-search.js';
export * from './servers.js';
export * from './stack.js';
export * from './tcp-proxy.js';
