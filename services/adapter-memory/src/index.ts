export { memoryProvider } from '@vmdns/provider-kit/memory';
