import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** Part of the image's build: takes the rooms that no service needs out of the workspaces, so that `npm prune` takes what they use, too. */
const ROOMS = ['test', 'deploy/docs', 'deploy/local'];

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
for (const room of ROOMS) rmSync(room, { recursive: true });
writeFileSync('package.json', JSON.stringify({ ...manifest, workspaces: manifest.workspaces.filter((room) => !ROOMS.includes(room)) }, null, 2));
for (const file of ['libs', 'services'].flatMap((folder) => readdirSync(folder, { recursive: true }).map((file) => `${folder}/${file}`))) {
  if (/\.spec\.(ts|js|js\.map|d\.ts)$/.test(file) && !file.includes('node_modules')) rmSync(file, { force: true });
}
rmSync('.nx', { recursive: true, force: true });
