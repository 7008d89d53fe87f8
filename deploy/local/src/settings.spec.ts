import { describe, expect, it } from '@jest/globals';
import { PORTS, readSettings } from './settings.js';

describe('the settings of the local stack', () => {
  it('have a default each, and a home in the folder', () => {
    expect(readSettings({}, '/somewhere')).toEqual({
      home: '/somewhere/.vmdns', toolsFolder: '/somewhere/.vmdns/tools', demo: true, logLevel: 'info', adapters: ['powerdns', 'memory'],
      ports: { http: 8080, nats: 14222, postgres: 15432, powerdnsApi: 18081, dns: 15353 },
    });
  });

  it.each(Object.entries(PORTS))('let %s be elsewhere', (key, { variable }) => {
    expect(readSettings({ [variable]: '4711' }, '/x').ports).toMatchObject({ [key]: 4711 });
  });

  it.each([['0', false], ['false', false], ['no', false], ['1', true], ['', true]])('VMDNS_DEMO=%s', (text, demo) => {
    expect(readSettings({ VMDNS_DEMO: text }, '/x').demo).toBe(demo);
  });

  it.each([['powerdns, hestiacp', ['powerdns', 'hestiacp']], ['all', 'all'], ['', ['powerdns', 'memory']]])('VMDNS_ADAPTERS=%s', (text, adapters) => {
    expect(readSettings({ VMDNS_ADAPTERS: text }, '/x').adapters).toEqual(adapters);
  });

  it('name every fault at once, by variable', () => {
    const read = (): unknown => readSettings({ VMDNS_HTTP_PORT: 'http', VMDNS_DNS_PORT: '70000', VMDNS_NATS_PORT: '5000', VMDNS_POSTGRES_PORT: '5000' }, '/x');
    expect(read).toThrow(/VMDNS_HTTP_PORT must be a port from 1 to 65535\n(.*\n)?VMDNS_DNS_PORT must be a port from 1 to 65535\n/);
    expect(read).toThrow(/VMDNS_POSTGRES_PORT and VMDNS_NATS_PORT are both 5000/);
  });
});
