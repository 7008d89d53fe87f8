/**
 * What a spec gets from `@jest/globals`. Each file has test functions of its own: a spec gets those themselves; a module
 * that specs share lives longer than one file, so what it gets passes on to the file that runs.
 */
const globals = () => globalThis[Symbol.for('vmdns.test-globals')];
const isOfSpec = import.meta.url.includes('?run=');

function global(name) {
  if (isOfSpec) return globals()[name];
  return new Proxy(() => undefined, {
    apply: (_, self, words) => globals()[name](...words),
    get: (_, key) => globals()[name][key],
  });
}

export const afterAll = global('afterAll');
export const afterEach = global('afterEach');
export const beforeAll = global('beforeAll');
export const beforeEach = global('beforeEach');
export const describe = global('describe');
export const expect = global('expect');
export const it = global('it');
export const test = global('test');
export const jest = {
  /** The limit of each test of the file that runs. */
  setTimeout(ms) {
    globalThis[Symbol.for('TEST_TIMEOUT_SYMBOL')] = ms;
  },
};
