import { prepare, ROOT } from './prepare.mjs';

// Installed and built first; only then is there something to import.
try {
  await prepare();
  const { demo } = await import('./dist/index.js');
  process.exit(await demo(ROOT, process.env));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
