/** One configuration for every room; a room's own `test` script names its folder. */
export default {
  // Node itself loads and runs the specs, from the rooms' sources; Jest finds them, shares them out and reports.
  testRunner: '<rootDir>/test/support/runner/plain-node.mjs',
  injectGlobals: false,
  transform: {},
  testMatch: ['**/*.spec.ts'],
  testEnvironment: 'node',
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/\\.vmdns'],
  modulePathIgnorePatterns: ['/dist/', '/\\.vmdns'],
  // Only a folder and a name: a server starts when the first test asks for it.
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  // A test that forgot a socket fails by its own limit; it never keeps the whole run from ending.
  forceExit: true,
  testTimeout: 90_000,
};
