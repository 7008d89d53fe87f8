import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The gateway serves dist/ at `/`. While the pages are being written: `npx vite`, with the API of a running stack behind it.
const gateway = process.env.VMDNS_GATEWAY ?? 'http://127.0.0.1:8080';

// Only a test helper of the form library asks for it; the pages have src/shared/schema-validator.ts.
const withoutTestValidator = {
  name: 'without-test-validator', enforce: 'pre',
  resolveId: (id) => id === '@rjsf/validator-ajv8' ? '\0no-validator' : undefined,
  load: (id) => id === '\0no-validator' ? 'export default {};' : undefined,
};

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), withoutTestValidator],
  resolve: { conditions: ['@vmdns/source', 'module', 'browser', 'development|production'] },
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  server: { proxy: { '/v1': gateway, '/openapi.json': gateway } },
});
