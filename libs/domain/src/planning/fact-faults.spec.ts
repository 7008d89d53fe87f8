import { describe, expect, it } from '@jest/globals';
import hosts from '../cases/hostnames.json' with { type: 'json' };
import addresses from '../cases/addresses.json' with { type: 'json' };
import { faultsOfDelete, faultsOfFact, faultsOfPtr, type RawFact } from './fact-faults.js';

const pathsOf = (raw: RawFact, vmId = 'vm-1') => {
  const checked = faultsOfFact(vmId, raw);
  return checked.ok ? [] : checked.faults.map((fault) => fault.path);
};

describe('a full-state fact', () => {
  it('is canonical once parsed', () => {
    expect(
      faultsOfFact('vm-1', {
        hostname: 'WEB-1',
        domain: 'Example.COM',
        uid: 'u',
        version: 3,
        shareName: true,
        addresses: [
          { ip: '2001:DB8:0::1', ptr: 'Mail.Example.com' },
          { ip: '192.0.2.1', ptr: null, forward: true },
        ],
        labels: { a: 'b' },
      }),
    ).toEqual({
      ok: true,
      fact: {
        fqdn: null,
        hostname: 'web-1',
        domain: 'example.com.',
        uid: 'u',
        version: 3,
        shareName: true,
        labels: { a: 'b' },
        addresses: [
          { ip: '2001:db8::1', ptr: 'mail.example.com.', forward: false },
          { ip: '192.0.2.1', ptr: null, forward: true },
        ],
      },
    });
  });
  it('may have no name and no address', () =>
    expect(faultsOfFact('vm-1', { addresses: [] })).toMatchObject({
      ok: true,
      fact: {
        fqdn: null,
        hostname: null,
        domain: null,
        version: null,
        uid: null,
        shareName: false,
        labels: {},
      },
    }));
  it('keeps apart a PTR that was not said from the default', () => {
    const checked = faultsOfFact('vm-1', {
      addresses: [{ ip: '192.0.2.1' }, { ip: '192.0.2.2', ptr: null }],
    });
    expect(checked.ok && checked.fact.addresses.map((address) => address.ptr)).toEqual([undefined, null]);
  });
  it('may have a wildcard for its fqdn, and for nothing else', () => {
    expect(pathsOf({ fqdn: '*.web.example.com', addresses: [] })).toEqual([]);
    expect(
      pathsOf({
        hostname: '*.web',
        domain: '*.example.com',
        addresses: [{ ip: '192.0.2.1', ptr: '*.example.com' }],
      }),
    ).toEqual(['hostname', 'domain', 'addresses[0].ptr']);
  });
  it('has every fault named by its path, all together', () => {
    const checked = faultsOfFact('-bad', {
      fqdn: 'web_1.example.com',
      hostname: 'we b',
      domain: 'com',
      tenant: 'a.b',
      uid: '',
      version: -1,
      addresses: [
        { ip: '192.0.2.256' },
        { ip: '127.0.0.1' },
        { ip: '192.0.2.1' },
        { ip: '2001:db8::1' },
        { ip: '2001:DB8::0:1', ptr: 'x' },
        { ip: '192.0.2.1' },
        { ip: '1', ptr: '-.example.com' },
      ],
    });
    expect(checked.ok ? [] : checked.faults.map((fault) => `${fault.path}: ${fault.message}`)).toMatchInlineSnapshot(`
     [
       "vmId: must be 1 to 128 letters, digits or . _ : ~ - and begin with a letter or digit",
       "tenant: must be 1 to 63 letters, digits, _ or -",
       "version: must be a whole number from 0",
       "uid: may not be empty",
       "fqdn: give either fqdn, or hostname with domain, not both",
       "fqdn: 'web_1' must be letters, digits and inner hyphens (RFC 1123)",
       "hostname: 'we b' must be letters, digits and inner hyphens (RFC 1123)",
       "domain: 'com' needs a domain: two labels or more",
       "addresses[0].ip: '192.0.2.256' is not an IPv4 or IPv6 address",
       "addresses[1].ip: 127.0.0.1 is a loopback address; it never leaves the machine",
       "addresses[4].ptr: 'x' needs a domain: two labels or more",
       "addresses[4].ip: 2001:db8::1 is already given at addresses[3]",
       "addresses[5].ip: 192.0.2.1 is already given at addresses[2]",
       "addresses[6].ptr: '-' must be letters, digits and inner hyphens (RFC 1123)",
       "addresses[6].ip: '1' is not an IPv4 or IPv6 address",
     ]
    `);
  });
  it.each<[string, RawFact, readonly string[]]>([
    ['both kinds of name', { fqdn: 'a.example.com', hostname: 'a', addresses: [] }, ['fqdn']],
    ['a domain alone', { domain: 'example.com', addresses: [] }, ['domain']],
    ['a domain with an fqdn', { fqdn: 'a.example.com', domain: 'example.com', addresses: [] }, ['domain']],
    [
      'a name too long as a whole',
      {
        hostname: `${'a23456789.'.repeat(20)}a`,
        domain: `${'b23456789.'.repeat(6)}com`,
        addresses: [],
      },
      ['hostname'],
    ],
    ['a fractional version', { version: 1.5, addresses: [] }, ['version']],
    ['a shared name without a name', { shareName: true, addresses: [] }, ['shareName']],
    ['two spellings of one address', { addresses: [{ ip: '2001:db8::1' }, { ip: '2001:db8:0::1' }] }, ['addresses[1].ip']],
  ])('is refused for %s', (_, raw, paths) => expect(pathsOf(raw)).toEqual(paths));
  it.each(hosts.invalid.map((text) => [text]))('is refused for the host name %j', (text) => expect(pathsOf({ hostname: text, addresses: [] })).toEqual(['hostname']));
  it.each([...addresses.notAnAddress, '0.0.0.0', '::', '::1', 'fe80::1', '169.254.0.1', '224.0.0.1', 'ff02::1', '::ffff:192.0.2.1'].map((text) => [text]))(
    'is refused for the address %j',
    (ip) => expect(pathsOf({ addresses: [{ ip }] })).toEqual(['addresses[0].ip']),
  );
  it.each([
    ['', 'vmId'],
    ['-a', 'vmId'],
    ['a/b', 'vmId'],
    ['a'.repeat(129), 'vmId'],
    ['a b', 'vmId'],
  ])('is refused for the VM id %j', (vmId, path) => expect(pathsOf({ addresses: [] }, vmId)).toEqual([path]));
  it.each([['a'], ['A.b_c:d~e-f'], ['9'.repeat(128)]])('takes the VM id %s', (vmId) => expect(pathsOf({ addresses: [] }, vmId)).toEqual([]));
  it('has at most 1,000 addresses', () => {
    const some = (n: number) =>
      Array.from({ length: n }, (_, at) => ({
        ip: `10.0.${at >> 8}.${at & 255}`,
      }));
    expect(pathsOf({ addresses: some(1000) })).toEqual([]);
    expect(pathsOf({ addresses: some(1001) })).toEqual(['addresses']);
  });
});

describe('deletions and PTR calls', () => {
  it('are canonical once parsed', () => {
    expect(faultsOfDelete('vm-1', {})).toEqual({
      ok: true,
      fact: { uid: null, version: null },
    });
    expect(faultsOfPtr('vm-1', { ip: '2001:DB8::1', hostname: 'A.example.com' })).toEqual({
      ok: true,
      fact: { ip: '2001:db8::1', hostname: 'a.example.com.', uid: null },
    });
    expect(faultsOfPtr('vm-1', { ip: '192.0.2.1', hostname: null })).toMatchObject({ ok: true, fact: { hostname: null } });
  });
  it('have every fault named', () => {
    expect(faultsOfDelete('', { version: 0.5, uid: '' })).toMatchObject({
      faults: [{ path: 'vmId' }, { path: 'version' }, { path: 'uid' }],
    });
    expect(faultsOfPtr('/', { ip: '1', hostname: 'web' })).toMatchObject({
      faults: [{ path: 'vmId' }, { path: 'ip' }, { path: 'hostname' }],
    });
  });
});
