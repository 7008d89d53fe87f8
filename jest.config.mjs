/** One configuration for every room; a room's own `test` script names its folder. */
export default {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@vmdns/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/\\.vmdns'],
  modulePathIgnorePatterns: ['/dist/', '/\\.vmdns'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', {
      jsc: {
        experimental: { keepImportAttributes: true },
        target: 'es2022',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
      },
      module: { type: 'es6' },
      sourceMaps: 'inline',
    }],
  },
  // Only a folder and a name: a server starts when the first test asks for it.
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  // A test that forgot a socket fails by its own limit; it never keeps the whole run from ending.
  forceExit: true,
  testTimeout: 90_000,
};
