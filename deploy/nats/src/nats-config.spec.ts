import { describe, expect, it } from '@jest/globals';
import { natsAuthorization } from './nats-config.js';

const passwordOf = (user: string) => `a-long-password-of-${user}`;

describe('the configuration of NATS', () => {
  it('lets nobody in without a name, unless that was asked for', () => {
    expect(natsAuthorization({ providers: [] }, passwordOf)).not.toContain('no_auth_user');
    expect(natsAuthorization({ providers: [], anonymous: true }, passwordOf)).toContain('no_auth_user: operator');
  });

  it('L10 refuses passwords that are short or would mean something to the server', () => {
    for (const password of ['short', '$2a$11$0123456789abcdef0123456789', 'a password with "quotes"']) expect(() => natsAuthorization({ providers: [] }, () => password)).toThrow(/password of the NATS user gateway/);
  });

  it('refuses names that would be another subject', () => {
    for (const name of ['a.b', '*', '>', '', 'a b', '"']) expect(() => natsAuthorization({ providers: [], tenants: [name] }, passwordOf)).toThrow(/cannot be part/);
  });
});
