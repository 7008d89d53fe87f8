import { readFileSync } from 'node:fs';

/* node top.mjs <file.cpuprofile> [lines]: where the time of a profile went, by function itself and by file with what it called. */
const [file, lines = '40'] = process.argv.slice(2);
const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'));
const byId = new Map(nodes.map((node) => [node.id, node]));
const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id])));
const own = new Map();
const whole = new Map();
let total = 0;
samples.forEach((id, at) => {
  const us = timeDeltas[at];
  const node = byId.get(id);
  if (node.callFrame.functionName === '(idle)') return;
  total += us;
  const label = labelOf(node);
  own.set(label, (own.get(label) ?? 0) + us);
  const seen = new Set();
  for (let up = id; up !== undefined; up = parents.get(up)) {
    const name = labelOf(byId.get(up));
    if (!seen.has(name)) whole.set(name, (whole.get(name) ?? 0) + us);
    seen.add(name);
  }
});
console.log(`busy ${(total / 1000).toFixed(0)} ms`);
for (const [title, of] of [['itself', own], ['with what it called', whole]]) {
  console.log(`\n${title}`);
  for (const [name, us] of [...of].sort((a, b) => b[1] - a[1]).slice(0, Number(lines))) console.log(`${(us / 1000).toFixed(1).padStart(8)} ms ${((us / total) * 100).toFixed(1).padStart(5)} %  ${name}`);
}

function labelOf({ callFrame: { functionName, url, lineNumber } }) {
  return `${functionName || '(anonymous)'} ${url.replace(/^.*\/(node_modules|libs|services)\//, '$1/')}:${lineNumber + 1}`;
}
