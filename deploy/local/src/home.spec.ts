import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Home } from './home.js';

describe('the folder of a local stack', () => {
  let folder: string;
  beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'vmdns-home-')); });
  afterAll(() => { rmSync(folder, { recursive: true }); });

  it('is made with all above it, and found again', () => {
    const home = new Home(join(folder, 'some', 'where', 'home'));
    expect(statSync(home.path('secrets')).mode & 0o777).toBe(0o700);
    expect(statSync(home.folder).mode & 0o777).toBe(0o711);
    expect(new Home(home.folder).secret('one')).toBe(home.secret('one'));
  });

  it('is refused with its name where it cannot be made: below /proc, and where a file is in the way', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    for (const place of ['/proc/vmdns/home', join(file, 'home'), file]) expect(() => new Home(place)).toThrow(`VMDNS_HOME cannot be at ${place}: `);
  });
});
