import { z } from 'zod';
import { usage } from '../exit.js';
import { checked, issueText, type Found, type FoundVm, type LineFault } from './found.js';

/** An entry of the list of PUQ's module: `dns.php`, and our own legacy feed. */
const Entry = z.object({ forward: z.string().min(1), ip: z.string().min(1), reverse: z.string().default('') });
type Entry = z.infer<typeof Entry>;
interface Placed { readonly line: number; readonly entry: Entry }

/**
 * The list names no machine, so a machine is what has one forward name, and its vmId is that name. Each address has A or
 * AAAA there, and a PTR of its own where that differs from the name.
 */
export function readPuq(text: string): Found {
  const list = listOf(text);
  const lines = entryLines(text);
  const faults: LineFault[] = [];
  const groups = new Map<string, Placed[]>();
  list.forEach((value, at) => {
    const line = lines[at] ?? 0;
    const parsed = Entry.safeParse(value);
    if (!parsed.success) { faults.push({ line, what: `entry ${at + 1}: ${parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the entry'}: ${issueText(issue.message)}`).join('; ')}` }); return; }
    const name = nameOf(parsed.data.forward);
    groups.set(name, [...(groups.get(name) ?? []), { line, entry: parsed.data }]);
  });
  return checked([...groups].map(([name, entries]) => vmOf(name, entries)), faults);
}

const nameOf = (text: string) => text.trim().toLowerCase().replace(/\.$/, '');

function vmOf(name: string, entries: readonly Placed[]): FoundVm {
  // The same entry twice says nothing more.
  const once = entries.filter(({ entry }, at) => entries.findIndex((other) => other.entry.ip === entry.ip && nameOf(other.entry.reverse) === nameOf(entry.reverse)) === at);
  const addresses = once.map(({ entry: { ip, reverse } }) => ({ ip: ip.trim(), forward: true, ptr: reverse === '' || nameOf(reverse) === name ? null : nameOf(reverse) }));
  return { vmId: name, fact: { fqdn: name, addresses }, lines: entries.map(({ line }) => line), addressLines: once.map(({ line }) => line) };
}

function listOf(text: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw usage('this is not the list of dns.php: it is no JSON', 'a page of an error or of a login looks so; nothing was done');
  }
  if (!Array.isArray(value)) throw usage('this is not the list of dns.php: that is a JSON list of {forward, ip, reverse}');
  return value;
}

/** The line on which each entry of a JSON list begins. */
function entryLines(text: string): readonly number[] {
  const lines: number[] = [];
  let [line, depth, isText, isNew] = [1, 0, false, false];
  for (let at = 0; at < text.length; at += 1) {
    const c = text.charAt(at);
    if (c === '\n') line += 1;
    if (isText) {
      if (c === '\\') at += 1;
      else if (c === '"') isText = false;
      continue;
    }
    if (depth === 1 && isNew && !/[\s\]]/.test(c)) { lines.push(line); isNew = false; }
    if (c === '"') isText = true;
    else if (c === '[' || c === '{') { depth += 1; if (depth === 1) isNew = true; }
    else if (c === ']' || c === '}') depth -= 1;
    else if (c === ',' && depth === 1) isNew = true;
  }
  return lines;
}
