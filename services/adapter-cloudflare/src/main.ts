import { hostAdapter } from '@vmdns/adapter-host';
import { cloudflare } from './cloudflare.provider.js';

hostAdapter(cloudflare);
