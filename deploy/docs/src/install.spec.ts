import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { streams } from '@vmdns/contracts';
import { Config, startLog } from '@vmdns/log';
import { parseConfig, type RunningService } from '@vmdns/chassis';
import { freshDatabase, startNats, until, type NatsServer, type TestDatabase } from '@vmdns/test/support';
import { fileOf } from './pages.js';

const page = readFileSync(fileOf('deploy/docs/install.md'), 'utf8');

describe('deploy/docs/install.md', () => {
  it('lists every stream with its subjects, age and size', () => {
    const age = (seconds: number) => (seconds === 3600 ? '1 h' : seconds === 86_400 ? '24 h' : `${seconds / 86_400} days`);
    const size = (bytes: number) => (bytes % 1_073_741_824 === 0 ? `${bytes / 1_073_741_824} GiB` : `${bytes / 1_048_576} MiB`);
    const rows = Object.values(streams).map(({ name, subjects, maxAgeSeconds, maxBytes }) => `| ${name} | ${subjects.map((subject) => `\`${subject}\``).join(', ')} | ${age(maxAgeSeconds)} | ${size(maxBytes)} |`);
    for (const row of rows) expect(page).toContain(row);
    expect(page.match(/^\| [A-Z]+ \|/gm)).toHaveLength(rows.length);
  });

  describe('a role that may not make schemas', () => {
    let database: TestDatabase;
    let nats: NatsServer;
    let service: RunningService | undefined;
    beforeAll(async () => { [database, nats] = await Promise.all([freshDatabase(), startNats()]); });
    afterAll(async () => {
      await service?.close();
      await nats.kill();
      await database.drop();
    });

    it('is enough, where its schema and vmdns_shared were made beforehand', async () => {
      const url = await database.urlFor('log');
      const role = decodeURIComponent(new URL(url).username);
      const name = new URL(url).pathname.slice(1);
      await database.query(`revoke create on database "${name}" from "${role}"`);
      await database.query(`create schema log authorization "${role}"`);
      await database.query(`create schema vmdns_shared authorization "${role}"`);
      service = await startLog(parseConfig(Config, { NATS_URL: nats.url, DATABASE_URL: url, LOG_LEVEL: 'silent' }), { handleSignals: false });
      const running = service;
      await until(async () => (await fetch(`${running.url}/readyz`)).ok, { withinMs: 20_000, what: 'the service to be ready' });
      await until(async () => (await database.query('select 1 from vmdns_shared.timeline')).length === 1, { withinMs: 20_000, what: 'the timeline' });
    });
  });
});
