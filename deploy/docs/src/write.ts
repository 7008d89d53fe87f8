import { writeFileSync } from 'node:fs';
import { fileOf, PAGES } from './pages.js';

for (const { path, render } of PAGES) {
  writeFileSync(fileOf(path), await render());
  process.stdout.write(`wrote ${path}\n`);
}
