import { providerContract } from '@vmdns/provider-kit/testing';
import { cloudflareHarness } from '../fake/cloudflare-harness.js';

providerContract('Cloudflare, the fake', () => cloudflareHarness());
providerContract('Cloudflare, the fake, as it was before it told of its limits', () => cloudflareHarness({ isSilentOnLimits: true, pointsAtErrors: true }));
