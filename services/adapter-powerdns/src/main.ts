import { hostAdapter } from '@vmdns/adapter-host';
import { powerdns } from './powerdns.provider.js';

hostAdapter(powerdns);
