import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ROOT } from './index.js';

const BOUNDARY = '@nx/enforce-module-boundaries';
const DOOR = 'no-restricted-imports';
const SYNTAX = 'no-restricted-syntax';

interface Planted { readonly what: string; readonly file: string; readonly text: string; readonly rule: string }

const from = (name: string): string => `import * as planted from '${name}';\nexport const seen = planted;\n`;
const planted = (what: string, file: string, text: string, rule = BOUNDARY): Planted => ({ what, file, text, rule });

/** One violation each; every one must be reported, or a guard is asleep. */
const VIOLATIONS: readonly Planted[] = [
  planted('the domain imports contracts', 'libs/domain/src/canary.ts', from('@vmdns/contracts')),
  planted('the domain imports zod', 'libs/domain/src/canary.ts', from('zod')),
  planted('the domain imports node:fs', 'libs/domain/src/canary.ts', from('node:fs'), DOOR),
  planted('the domain imports a built-in without its prefix', 'libs/domain/src/canary.ts', from('crypto'), DOOR),
  planted('the domain imports ipaddr.js outside addresses/', 'libs/domain/src/names/canary.ts', from('ipaddr.js'), DOOR),
  planted('the domain looks at the clock', 'libs/domain/src/canary.ts', 'export const now = (): number => Date.now();\n', SYNTAX),
  planted('the domain throws dice', 'libs/domain/src/canary.ts', 'export const dice = (): number => Math.random();\n', SYNTAX),
  planted('the domain waits', 'libs/domain/src/canary.ts', 'export const wait = async (): Promise<number> => 1;\n', SYNTAX),
  planted('contracts import the bus', 'libs/contracts/src/canary.ts', from('@vmdns/bus')),
  planted('contracts import nats', 'libs/contracts/src/canary.ts', from('nats')),
  planted('the provider kit imports contracts', 'libs/provider-kit/src/canary.ts', from('@vmdns/contracts')),
  planted('the provider kit imports Nest', 'libs/provider-kit/src/canary.ts', from('@nestjs/common')),
  planted('the bus imports the store', 'libs/bus/src/canary.ts', from('@vmdns/store')),
  planted('the bus imports the chassis', 'libs/bus/src/canary.ts', from('@vmdns/chassis')),
  planted('the store imports the bus', 'libs/store/src/canary.ts', from('@vmdns/bus')),
  planted('the chassis imports the provider kit', 'libs/chassis/src/canary.ts', from('@vmdns/provider-kit')),
  planted('the planner imports the provider kit', 'services/planner/src/canary.ts', from('@vmdns/provider-kit')),
  planted('the planner imports the adapter host', 'services/planner/src/canary.ts', from('@vmdns/adapter-host')),
  planted('the gateway imports the planner', 'services/gateway/src/canary.ts', from('@vmdns/planner')),
  planted('the gateway reaches into the planner by path', 'services/gateway/src/canary.ts', from('../../planner/src/index.js')),
  planted('an adapter imports the bus', 'services/adapter-powerdns/src/canary.ts', from('@vmdns/bus')),
  planted('an adapter imports contracts', 'services/adapter-powerdns/src/canary.ts', from('@vmdns/contracts')),
  planted('an adapter imports Nest', 'services/adapter-powerdns/src/canary.ts', from('@nestjs/common')),
  planted('an adapter meets the host outside main.ts', 'services/adapter-powerdns/src/canary.ts', from('@vmdns/adapter-host'), DOOR),
  planted('an adapter imports another', 'services/adapter-powerdns/src/canary.ts', from('@vmdns/adapter-memory')),
  planted('the command line imports the store', 'services/cli/src/canary.ts', from('@vmdns/store')),
  planted('the command line imports Nest', 'services/cli/src/canary.ts', from('@nestjs/common')),
  planted('a service imports test helpers', 'services/planner/src/canary.ts', from('@vmdns/test/support'), DOOR),
  planted('a service imports a test door', 'services/adapter-powerdns/src/canary.ts', from('@vmdns/provider-kit/testing'), DOOR),
  planted('a service reads the environment outside config.ts', 'services/planner/src/canary.ts', 'export const home = process.env;\n', 'no-restricted-properties'),
  planted('an enum', 'services/planner/src/canary.ts', 'export enum Planted { A }\n', SYNTAX),
  planted('a default export', 'services/planner/src/canary.ts', 'export default 1;\n', SYNTAX),
  planted('an any', 'services/planner/src/canary.ts', 'export const planted: any = 1;\n', '@typescript-eslint/no-explicit-any'),
];

/** Legal lines: none of them may be reported. */
const LEGAL: readonly Omit<Planted, 'rule'>[] = [
  { what: 'the domain uses ipaddr.js in addresses/', file: 'libs/domain/src/addresses/canary.ts', text: from('ipaddr.js') },
  { what: 'contracts use the domain', file: 'libs/contracts/src/canary.ts', text: from('@vmdns/domain') },
  { what: 'contracts use zod', file: 'libs/contracts/src/canary.ts', text: from('zod') },
  { what: 'the bus uses contracts', file: 'libs/bus/src/canary.ts', text: from('@vmdns/contracts') },
  { what: 'the chassis uses the store', file: 'libs/chassis/src/canary.ts', text: from('@vmdns/store') },
  { what: 'the planner uses the bus', file: 'services/planner/src/canary.ts', text: from('@vmdns/bus') },
  { what: 'an adapter uses the provider kit', file: 'services/adapter-powerdns/src/canary.ts', text: from('@vmdns/provider-kit') },
  { what: "an adapter's main.ts meets the host", file: 'services/adapter-powerdns/src/main.ts', text: from('@vmdns/adapter-host') },
  { what: 'a spec uses the contract suite', file: 'services/adapter-powerdns/src/canary.spec.ts', text: from('@vmdns/provider-kit/testing') },
  { what: "a service's spec uses real servers", file: 'services/planner/src/canary.spec.ts', text: from('@vmdns/test/support') },
  { what: 'config.ts reads the environment', file: 'services/planner/src/config.ts', text: 'export const home = process.env;\n' },
];

interface Message { readonly rule: string; readonly message: string }
let found: readonly (readonly Message[])[] = [];

describe('the boundary canary', () => {
  beforeAll(() => {
    const input = JSON.stringify([...VIOLATIONS, ...LEGAL].map(({ file, text }) => ({ file, text })));
    // Without the rules that need types: the planted files are in no TypeScript project.
    const output = execFileSync(process.execPath, [join(ROOT, 'test/support/canary-lint.mjs')], { input, encoding: 'utf8', timeout: 100_000, env: { ...process.env, NODE_OPTIONS: '', VMDNS_LINT: 'fast' } });
    found = JSON.parse(output) as readonly (readonly Message[])[];
  }, 120_000);

  it.each(VIOLATIONS.map((one, i) => ({ ...one, i })))('reports that $what', ({ i, rule }) => {
    expect((found[i] ?? []).map((message) => message.rule)).toContain(rule);
  });

  it.each(LEGAL.map((one, i) => ({ ...one, i: i + VIOLATIONS.length })))('says nothing when $what', ({ i }) => {
    expect(found[i]).toEqual([]);
  });
});
