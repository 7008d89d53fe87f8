import { z } from 'zod';

export const CLOUDFLARE_API = 'https://api.cloudflare.com';
const Id = z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hex digits, as the dashboard shows it');

/** Documented: 1,200 in five minutes for each user; a tenth of it is left to people and other tools. */
const CALLS_PER_WINDOW = 1_080;
export const WINDOW_SECONDS = 300;
const CALLS_AT_ONCE = 60;

/** One API token of Cloudflare. */
export const CloudflareConnection = z.strictObject({
  apiToken: z.string().min(1).meta({ title: 'API token', description: 'With Zone:Read and DNS:Edit for the zones that vmdns shall write. A user token or one that the account owns.', secret: true }),
  accountId: Id.optional().meta({ title: 'Account id', description: 'Needed where zones of one name exist in several accounts, and to check a token that the account owns.' }),
  plan: z.enum(['auto', 'free', 'paid']).default('auto').meta({ title: 'Plan', description: 'Up to 200 records in one call on free plans, 3,500 on paid ones; auto asks, and takes 200 where it is not told.' }),
  user: z.string().min(1).max(100).regex(/^[^|\s]+$/, 'must be one word').optional().meta({
    title: 'Whose token',
    description: 'Any word for the Cloudflare user (or account) that the token belongs to. Cloudflare counts calls by user, all tokens together, so connections with the same word share one budget; those without a word share one too.',
  }),
  callsPer5Minutes: z.int().min(10).max(1_000_000).default(CALLS_PER_WINDOW).meta({ title: 'Calls in 5 minutes', description: 'How many vmdns may make. Cloudflare allows 1,200 to each user, dashboard and other tools included, and blocks all for 5 minutes beyond that.' }),
  callsAtOnce: z.int().min(1).max(1_000).default(CALLS_AT_ONCE).meta({ title: 'Calls at once', description: 'Of these, how many may be made without a pause after a quiet time.' }),
  url: z.url({ protocol: /^https?$/ }).default(CLOUDFLARE_API)
    .meta({ title: 'API URL', description: 'Only for tests.' })
    .transform((url) => url.replace(/\/+$/, '').replace(/\/client(\/v4)?$/, '')),
  ca: z.string().optional().meta({ title: 'CA certificate', description: 'PEM, where a proxy of your own stands before the API.' }),
}).refine((connection) => connection.callsAtOnce < connection.callsPer5Minutes, { path: ['callsAtOnce'], message: 'must be less than callsPer5Minutes' });
export type CloudflareConnection = z.output<typeof CloudflareConnection>;

/** On free plans; paid ones take 500. */
const COMMENT_MAX = 100;

export const CloudflareZoneSettings = z.strictObject({
  zoneId: Id.optional().meta({ title: 'Zone id', description: 'Found by name and account where it is not given.' }),
  proxied: z.boolean().default(false).meta({ title: 'Proxied', description: 'New A, AAAA and CNAME records go through the Cloudflare proxy. Records that exist keep what they have.' }),
  comment: z.string().max(COMMENT_MAX).regex(/^[^\p{Cc}]*$/u, 'must be one line').default('vmdns').meta({ title: 'Comment', description: 'Beside new records, as a hint for people; vmdns never depends on it. Empty: none.' }),
  autoTtlSeconds: z.int().min(60).max(86_400).default(300).meta({
    title: 'Automatic TTL', description: "What TTL “auto” counts as, which every proxied record has. Set it to the zone's TTL where that is another, so that it is no difference.",
  }),
});
export type CloudflareZoneSettings = z.output<typeof CloudflareZoneSettings>;
