export { powerdns, powerdnsProvider } from './powerdns.provider.js';
export { PowerdnsConnection, PowerdnsZoneSettings } from './powerdns.settings.js';
