import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The gateway serves dist/ at `/`. While the pages are being written: `npx vite`, with the API of a running stack behind it.
const gateway = process.env.VMDNS_GATEWAY ?? 'http://127.0.0.1:8080';

// eslint-disable-next-line no-restricted-syntax -- Vite reads the default export.
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  resolve: { conditions: ['@vmdns/source', 'module', 'browser', 'development|production'] },
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  server: { proxy: { '/v1': gateway, '/openapi.json': gateway } },
});
