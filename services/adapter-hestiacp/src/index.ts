export { hestiacp, hestiacpProvider } from './hestiacp.provider.js';
export { HestiacpConnection, HestiacpZoneSettings } from './hestiacp.settings.js';
