import { inboxOf, natsUsers, platformUser, tenantUser, type NatsUser } from '@vmdns/nats';

const CAST = { providers: ['powerdns'], tenants: ['acme'], platforms: ['cloud'] };

const HEAD = `# NATS: users and rights

Each service has a user of its own and may do only what stands here; a test tries every forbidden publish and subscription
on a real server. Made from \`deploy/nats/src/users.ts\`; \`npm run docs\` writes it again.

- \`natsAuthorization({ providers, tenants, platforms }, passwordOf)\` of \`@vmdns/nats\` gives the \`authorization\` part of a
  nats-server.conf. Compose does that at each start (\`deploy/docker/make-secrets.mjs\`); \`npm start\`, too.
- A service is told by \`NATS_USER\` and \`NATS_PASSWORD_FILE\`. All its replicas share the user.
- Answers come to \`_INBOX.<user>.>\`: nobody else may listen there, and only the services that it asks may publish there.
- A service may make the streams and consumers that it uses, because a wiped NATS comes back by itself. The filter is part of
  the subject that makes a consumer, so an adapter reads its own commands only. Nobody but the operator deletes or purges a
  stream, or reads single messages of one. What is left: a service could change the settings of a stream that it uses.
- Whoever runs \`npm start\` and connects without a name is the operator: everything there listens on loopback only.

## Publishers

| | user | publishes | listens |
| --- | --- | --- | --- |
| a tenant | \`publisher.tenant.<tenant>\` | \`vmdns.ingest.vm.<tenant>\` | its own inboxes |
| a platform team, for all tenants | \`publisher.platform.<name>\` | \`vmdns.ingest.vm\`, \`vmdns.ingest.vm.<any>\` | its own inboxes, \`vmdns.status.*\` |

With compose: \`VMDNS_NATS_TENANTS=acme,other VMDNS_NATS_PLATFORMS=cloud docker compose up\`, then restart \`nats\`; the passwords
are the files \`nats-password-<user>\` of the volume \`secrets\`.

A publisher sets its client's inbox prefix to \`_INBOX.<user>\`, or neither JetStream's acknowledgement nor the answer to
\`Vmdns-Reply-To\` reaches it:

\`\`\`js
const nats = await connect({ servers, user: 'publisher.tenant.acme', pass, inboxPrefix: '_INBOX.publisher.tenant.acme' });
\`\`\`

A tenant learns of its VMs over HTTP (\`GET /v1/vms/{id}/dns?wait=\`): status subjects are by VM, not by tenant.

## Who may do what

As for the provider \`powerdns\`, the tenant \`acme\` and the platform team \`cloud\`. Each may also listen to its own inboxes.
`;

/** deploy/docs/nats.md */
export function natsPage(): string {
  return [HEAD, ...natsUsers(CAST).map(section)].join('\n');
}

function section({ name, publish, subscribe }: NatsUser): string {
  const isPublisher = name === tenantUser('acme') || name === platformUser('cloud');
  return [`### ${name}${isPublisher ? ' (a publisher)' : ''}`, '', `publishes: ${listOf(publish)}`, '', `listens: ${listOf(subscribe.filter((subject) => subject !== inboxOf(name)))}`, ''].join('\n');
}

function listOf(all: readonly string[]): string {
  return all.length === 0 ? 'nothing' : all.map((subject) => `\`${subject}\``).join(', ');
}
