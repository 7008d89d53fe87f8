export { powerdns } from './powerdns.provider.js';
