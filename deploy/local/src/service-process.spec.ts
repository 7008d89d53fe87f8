import { describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localNatsConfig } from './nats-users.js';
import { adapterOf, adaptersOf, providerOf } from './service-process.js';

describe('adapters', () => {
  it('are the folders of the tree: a new one is known by being there', () => {
    const root = mkdtempSync(join(tmpdir(), 'adapters-'));
    try {
      for (const name of ['gateway', 'adapter-b', 'adapter-a']) mkdirSync(join(root, 'services', name), { recursive: true });
      expect(adaptersOf(root)).toEqual(['adapter-a', 'adapter-b']);
      expect(adaptersOf(root).map(providerOf).map(adapterOf)).toEqual(adaptersOf(root));
      expect(localNatsConfig(root, (user) => `a-long-password-of-${user.replaceAll('.', '-')}`)).toContain('user: "adapter-b"');
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
