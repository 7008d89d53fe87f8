import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';

/**
 * Lints texts that do not exist under file names that could: reads `[{file, text}]` from stdin, writes the rules that
 * spoke and their words. The boundary rule needs Nx's project graph, so Nx lists the projects first.
 */
const root = fileURLToPath(new URL('../../', import.meta.url));
const nx = join(dirname(createRequire(import.meta.url).resolve('nx/package.json')), 'dist/bin/nx.js');
execFileSync(process.execPath, [nx, 'show', 'projects'], { cwd: root, env: { ...process.env, NX_DAEMON: 'false' }, stdio: 'ignore' });

let input = '';
for await (const part of process.stdin) input += part;
process.chdir(root);
const eslint = new ESLint({ cwd: root });
const found = [];
for (const { file, text } of JSON.parse(input)) {
  const [result] = await eslint.lintText(text, { filePath: join(root, file) });
  found.push((result?.messages ?? []).map((message) => ({ rule: message.ruleId ?? 'none', message: message.message })));
}
process.stdout.write(JSON.stringify(found));
