import { natsUsers, OPERATOR, type Cast, type NatsUser } from './users.js';

/** A password that stands in a configuration as it is; the server takes one that begins with `$` for a variable or a hash. */
const PASSWORD = /^[A-Za-z0-9_-]{16,}$/;

/** The part of a nats-server.conf that says who may connect and what each may do; to be included or appended. */
export function natsAuthorization(cast: Cast, passwordOf: (user: string) => string): string {
  const users = natsUsers(cast).map((user) => userText(user, passwordOf(user.name)));
  return [
    'authorization {', '  users: [', ...users, '  ]', '}',
    ...(cast.anonymous === true ? ['# Whoever connects without a name; on loopback only.', `no_auth_user: ${OPERATOR}`] : []), '',
  ].join('\n');
}

function userText({ name, publish, subscribe }: NatsUser, password: string): string {
  if (!PASSWORD.test(password)) throw new Error(`the password of the NATS user ${name} must be at least 16 letters, digits, - or _`);
  return `    { user: "${name}", password: "${password}", permissions: {\n${rights('publish', publish)},\n${rights('subscribe', subscribe)}\n    } }`;
}

/** An empty list would allow everything. */
function rights(what: string, allow: readonly string[]): string {
  const list = allow.map((subject) => `        "${subject}"`).join('\n');
  return `      ${what}: ${allow.length === 0 ? '{ deny: [">"] }' : `{ allow: [\n${list}\n      ] }`}`;
}
