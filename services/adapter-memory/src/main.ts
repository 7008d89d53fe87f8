import { hostAdapter } from '@vmdns/adapter-host';
import { memoryProvider } from '@vmdns/provider-kit/memory';

hostAdapter(memoryProvider('rrset'));
