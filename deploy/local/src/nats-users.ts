import { natsAuthorization } from '@vmdns/nats';
import { adaptersOf, providerOf, type ServiceName } from './service-process.js';

/**
 * The users of a stack on one machine: each service has its own and may do what it needs, as has every adapter of the
 * tree, started or not. Whoever connects without a name
 * is the operator, as everything here listens on loopback only.
 */
export function localNatsConfig(root: string, passwordOf: (user: string) => string): string {
  return natsAuthorization({ providers: adaptersOf(root).map(providerOf), anonymous: true }, passwordOf);
}

/** What a service is told of its user. */
export function natsUserEnv(service: ServiceName, passwordOf: (user: string) => string): Readonly<Record<string, string>> {
  return { NATS_USER: service, NATS_PASSWORD: passwordOf(service) };
}
