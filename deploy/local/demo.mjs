import { endChildrenOnSignal, prepare, ROOT } from './prepare.mjs';

// Installed and built first; only then is there something to import.
try {
  const prepared = endChildrenOnSignal();
  await prepare();
  const { demo } = await import('./dist/index.js');
  prepared();
  process.exit(await demo(ROOT, process.env));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
