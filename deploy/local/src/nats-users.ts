import { natsAuthorization } from '@vmdns/nats';
import { SERVICES, type ServiceName } from './service-process.js';

const ADAPTER = 'adapter-';

/**
 * The users of a stack on one machine: each service has its own and may do what it needs. Whoever connects without a name
 * is the operator, as everything here listens on loopback only.
 */
export function localNatsConfig(passwordOf: (user: string) => string): string {
  const providers = SERVICES.filter((service) => service.startsWith(ADAPTER)).map((service) => service.slice(ADAPTER.length));
  return natsAuthorization({ providers, anonymous: true }, passwordOf);
}

/** What a service is told of its user. */
export function natsUserEnv(service: ServiceName, passwordOf: (user: string) => string): Readonly<Record<string, string>> {
  return { NATS_USER: service, NATS_PASSWORD: passwordOf(service) };
}
