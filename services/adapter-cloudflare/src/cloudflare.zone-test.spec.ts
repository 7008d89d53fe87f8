import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TestStep } from '@vmdns/provider-kit';
import { TOKEN } from '../fake/cloudflare-harness.js';
import { FakeCloudflare } from '../fake/fake-cloudflare.js';
import { cloudflareProvider } from './cloudflare.provider.js';
import { CloudflareConnection, CloudflareZoneSettings } from './cloudflare.settings.js';

const APEX = 'example.com.';

describe('the test of a zone at Cloudflare', () => {
  let fake: FakeCloudflare;
  beforeEach(async () => { fake = await FakeCloudflare.start(); });
  afterEach(() => fake.stop());

  async function test(given: { readonly apex?: string; readonly connection?: Record<string, unknown>; readonly zone?: Record<string, unknown> } = {}): Promise<readonly TestStep[]> {
    const connection = CloudflareConnection.parse({ url: fake.url, apiToken: TOKEN, ...given.connection });
    const steps: TestStep[] = [];
    for await (const step of cloudflareProvider().testZone(connection, given.apex ?? APEX, CloudflareZoneSettings.parse(given.zone ?? {}), AbortSignal.timeout(10_000))) steps.push(step);
    return steps;
  }
  const marks = (steps: readonly TestStep[]): readonly string[] => steps.map((step) => `${step.ok ? (step.warning === true ? '!' : '+') : '-'} ${step.step}`);

  it('tells of a zone where all is well what it is, and how full', async () => {
    fake.addToken(TOKEN, { mayReadUser: true, user: 'user-77' });
    fake.addZone(APEX, { quota: 200 });
    const steps = await test();
    expect(marks(steps)).toEqual(['+ token', '+ zone', '+ state', '+ records', '+ budget', '+ rights']);
    const texts = steps.map((step) => step.text).join('\n');
    // The host asks whether the world is led to these: the API lists no NS record of the zone's own.
    expect(steps.find((step) => step.step === 'zone')?.nameServers).toEqual(['ada.ns.cloudflare.test.', 'bob.ns.cloudflare.test.']);
    // The host adds what is needed.
    expect(steps.find((step) => step.step === 'records')?.room).toEqual({ used: 0, limit: 200 });
    for (const part of ['user token is active', 'An account', 'ada.ns.cloudflare.test', '0 records of at most 200', '1080 calls in 5 minutes', 'user-77']) expect(texts).toContain(part);
  });

  it.each([
    ['an unknown token', () => undefined, '- token', "set the connection's token"],
    ['a disabled token', () => { fake.addToken(TOKEN, { status: 'disabled' }); }, '- token', 'Make a new token'],
    ['a token that ends soon', () => { fake.addToken(TOKEN, { expiresOn: new Date(Date.now() + 86_400_000).toISOString() }); fake.addZone(APEX); }, '! token', 'Roll the token'],
    ['no such zone', () => { fake.addToken(TOKEN); }, '- zone', 'Add the site'],
    ['a zone that the token may not see', () => { fake.addToken(TOKEN, { zones: [] }); fake.addZone(APEX); }, '- zone', 'Zone:Read'],
    ['two accounts with the zone', () => { fake.addToken(TOKEN); fake.addZone(APEX); fake.addZone(APEX, { accountId: 'f'.repeat(32) }); }, '- zone', 'account id'],
    ['a zone whose name servers are not set yet', () => { fake.addToken(TOKEN); fake.addZone(APEX, { status: 'pending' }); }, '! state', 'ada.ns.cloudflare.test'],
    ['a secondary zone', () => { fake.addToken(TOKEN); fake.addZone(APEX, { type: 'secondary' }); }, '- state', 'primary server'],
    ['a partial zone', () => { fake.addToken(TOKEN); fake.addZone(APEX, { type: 'partial' }); }, '! state', 'full zone'],
    ['a zone that the API may not change', () => { fake.addToken(TOKEN); fake.addZone('example.tk.'); }, '! state', 'another provider', 'example.tk.'],
    ['a zone that is nearly full', () => {
      fake.addToken(TOKEN);
      const zone = fake.addZone(APEX, { quota: 10 });
      for (let at = 0; at < 9; at += 1) zone.plant({ name: `n${at}.example.com`, type: 'A', content: '192.0.2.1' });
    }, '! records', 'raise the plan'],
  ])('%s: said at its step, with what to do', async (_what, prepare, mark, hint, apex = APEX) => {
    prepare();
    const steps = await test({ apex });
    expect(marks(steps)).toContain(mark);
    expect(steps.find((step) => !step.ok || step.warning === true)?.hint).toContain(hint);
    // What cannot be passed is the last step.
    expect(steps.slice(0, -1).every((step) => step.ok)).toBe(true);
  });

  it('a token that the account owns is checked at the account', async () => {
    fake.addToken(TOKEN, { owner: 'account' });
    fake.addZone(APEX);
    expect((await test())[0]?.ok).toBe(false);
    expect((await test({ connection: { accountId: fake.accountId } }))[0]?.text).toBe('The account-owned token is active.');
  });

  it('a zone id of another zone is told', async () => {
    fake.addToken(TOKEN);
    const other = fake.addZone('example.org.');
    const steps = await test({ zone: { zoneId: other.id } });
    expect([marks(steps).at(-1), steps.at(-1)?.text]).toEqual(['- zone', `Zone ${other.id} is example.org, not ${APEX}.`]);
  });

  it('for a reverse zone the delegation is spoken of', async () => {
    fake.addToken(TOKEN);
    fake.addZone('100.51.198.in-addr.arpa.');
    expect((await test({ apex: '100.51.198.in-addr.arpa.' })).at(-1)).toMatchObject({ step: 'reverse zone', warning: true, text: expect.stringContaining('delegated it to ada.ns.cloudflare.test') });
  });
});
