import { prepare, ROOT } from './prepare.mjs';

// Installed and built first; only then is there something to import.
try {
  await prepare();
  const { start } = await import('./dist/index.js');
  process.exit(await start(ROOT, process.env));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
