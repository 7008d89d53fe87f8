export { cloudflare, cloudflareProvider } from './cloudflare.provider.js';
export { CloudflareConnection, CloudflareZoneSettings } from './cloudflare.settings.js';
