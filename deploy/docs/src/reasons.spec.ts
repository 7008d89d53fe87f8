import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ReasonCode } from '@vmdns/contracts';
import { fileOf } from './pages.js';

const page = readFileSync(fileOf('deploy/docs/reasons.md'), 'utf8');
const sections = page.split(/^## /m).slice(1).map((text) => ({ code: /^`([^`]+)`/.exec(text)?.[1] ?? text, text }));

describe('deploy/docs/reasons.md', () => {
  it('L11 explains every reason code, in their order, and no other', () => {
    expect(sections.map(({ code }) => code)).toEqual(ReasonCode.options);
  });

  it.each(sections)('$code says what it means, who acts, and what to do', ({ text }) => {
    for (const part of ['Means', 'Who acts', 'Do']) expect(text).toMatch(new RegExp(`^- \\*\\*${part}\\*\\*: .{6,}`, 'm'));
  });
});
