import type { z } from 'zod';
import type { Fault } from '@vmdns/contracts';

type Issue = z.core.$ZodIssue;

/** The path of a fault as people write it: `addresses[2].ip`; the empty path is the body itself. */
export function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? String(part) : `.${String(part)}`;
  }
  return text === '' ? '(body)' : text;
}

/** Every fault that a schema found, one entry for each unknown field; messages never repeat the value that was sent. */
export function faultsOf(issues: readonly Issue[], at: readonly PropertyKey[] = []): Fault[] {
  return issues.flatMap((issue) => {
    const path = [...at, ...issue.path];
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ path: pathText([...path, key]), message: 'unknown field' }));
    return [{ path: pathText(path), message: messageOf(issue) }];
  });
}

function messageOf(issue: Issue): string {
  if (issue.code === 'invalid_type') return issue.message.includes('received undefined') ? 'is required' : `must be ${article(issue.expected)}`;
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'invalid_union') return unionMessage(issue);
  if (issue.code === 'too_small' && issue.message.startsWith('Too small')) return `must ${sizeOf(issue.origin)} at least ${String(issue.minimum)}${unitOf(issue.origin)}`;
  if (issue.code === 'too_big' && issue.message.startsWith('Too big')) return `must ${sizeOf(issue.origin)} at most ${String(issue.maximum)}${unitOf(issue.origin)}`;
  return issue.message.replace(/^Invalid (input|string): /, '');
}

function unionMessage(issue: z.core.$ZodIssueInvalidUnion): string {
  const options = issue.errors.map((branch) => branch.map((inner) => inner.path.length === 0 ? messageOf(inner) : `${pathText(inner.path)}: ${messageOf(inner)}`).join(', '));
  const known = [...new Set(options.filter((text) => text !== ''))];
  return known.length === 0 ? 'is of no known kind' : known.join('; or ');
}

const sizeOf = (origin: string) => origin === 'string' || origin === 'array' ? 'have' : 'be';
const unitOf = (origin: string) => origin === 'string' ? ' characters' : origin === 'array' ? ' entries' : '';
const article = (kind: string) => kind === 'int' ? 'a whole number' : /^[aeio]/.test(kind) ? `an ${kind}` : `a ${kind}`;
