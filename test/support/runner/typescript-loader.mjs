import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';

/** Node's loader hooks for specs: our rooms from their sources, and `@jest/globals` from the file that runs. */
const GLOBALS = new URL('./jest-globals.mjs', import.meta.url).href;
/** The runner imports a spec by its path and the number of its run. */
const RUN = /\?run=\d+$/;
const TYPESCRIPT = /\.ts(\?run=\d+)?$/;
const OPTIONS = {
  jsc: {
    experimental: { keepImportAttributes: true },
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
  swcrc: false,
};

export function resolve(specifier, context, next) {
  if (specifier === '@jest/globals') return { url: `${GLOBALS}${RUN.exec(context.parentURL ?? '')?.[0] ?? ''}`, format: 'module', shortCircuit: true };
  if (/^\.{1,2}\/.*\.js$/.test(specifier) && TYPESCRIPT.test(context.parentURL ?? '')) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(source)) return { url: source.href, format: 'module', shortCircuit: true };
  }
  return next(specifier, { ...context, conditions: ['@vmdns/source', ...context.conditions] });
}

export async function load(url, context, next) {
  if (!TYPESCRIPT.test(url)) return next(url, context);
  const filename = fileURLToPath(url);
  const { code } = await transform(await readFile(filename, 'utf8'), { ...OPTIONS, filename, sourceFileName: filename });
  return { format: 'module', source: code, shortCircuit: true };
}
