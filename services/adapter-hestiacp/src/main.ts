import { hostAdapter } from '@vmdns/adapter-host';
import { hestiacp } from './hestiacp.provider.js';

hostAdapter(hestiacp);
