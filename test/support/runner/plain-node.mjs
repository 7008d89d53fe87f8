import { createRequire, findSourceMap, register } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Jest's own test framework without Jest's module system: Node loads the specs, so that a worker reads Nest, TypeORM and
 * our rooms once and not once for each spec file, which was more work than the tests themselves. What the module system
 * would give besides (mocked modules, fake timers, globals of its own for each file) no spec of ours uses.
 */
const require = createRequire(import.meta.url);
const runner = require.resolve('jest-circus/runner');
const framework = join(runner, '../jestAdapterInit.js');
const { default: runWithCircus } = require(runner);
const TIMEOUT = Symbol.for('TEST_TIMEOUT_SYMBOL');

process.setSourceMapsEnabled(true);
register('./typescript-loader.mjs', import.meta.url);
let runs = 0;

export default async function runInPlainNode(globalConfig, config, environment, runtime, testPath, sendMessageToJest) {
  const environmentBefore = { ...process.env };
  const run = runs += 1;
  globalThis[TIMEOUT] = config.testTimeout;
  const node = {
    requireInternalModule: freshFramework,
    requireModule: require,
    setGlobalsForRuntime: (globals) => { globalThis[Symbol.for('vmdns.test-globals')] = globals; },
    unstable_shouldLoadAsEsm: () => true,
    unstable_importModule: (path) => import(`${pathToFileURL(path).href}?run=${run}`),
    enterTestCode: () => undefined,
    leaveTestCode: () => undefined,
  };
  // Jest has just put one here that knows nothing of what Node loaded.
  Error.prepareStackTrace = writeStack;
  try {
    return await runWithCircus(globalConfig, config, { global: globalThis }, node, testPath, sendMessageToJest);
  } finally {
    delete globalThis[TIMEOUT];
    for (const name of Object.keys(process.env)) if (!(name in environmentBefore)) delete process.env[name];
    Object.assign(process.env, environmentBefore);
  }
}

/** The tests of a file are state of the framework's module, and what listens to them is a global. */
function freshFramework() {
  delete require.cache[framework];
  globalThis[Symbol.for('EVENT_HANDLERS')] = undefined;
  return require(framework);
}

/** In the places of our sources, and without this file, which is below every test. */
function writeStack(error, frames) {
  const lines = frames.filter((frame) => frame.getFileName() !== import.meta.url).map((frame) => `\n    at ${textOf(frame)}`);
  return `${Error.prototype.toString.call(error)}${lines.join('')}`;
}

function textOf(frame) {
  const [file, line, column] = [frame.getFileName(), frame.getLineNumber(), frame.getColumnNumber()];
  if (!file?.startsWith('file:') || line === null || column === null) return String(frame);
  const { originalLine = line - 1, originalColumn = column - 1 } = findSourceMap(file)?.findEntry(line - 1, column - 1) ?? {};
  return String(frame).replace(`${file}:${line}:${column}`, `${fileURLToPath(file)}:${originalLine + 1}:${originalColumn + 1}`);
}
