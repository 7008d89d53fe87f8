import { builtinModules } from 'node:module';
// The plugin's own entry wants @eslint/js; this one has the rules alone.
import nx from '@nx/eslint-plugin/nx';
import tseslint from 'typescript-eslint';

/*
 * The floors of ARCHITECTURE §3. Run it through Nx only (`npm run lint`): outside an Nx task the boundary rule finds no
 * project graph and is skipped in silence. The canary in test/support makes sure that it is awake.
 */

const RUNTIME = ['@nestjs/*', 'nats', 'typeorm', 'pg'];

const LAYERS = [
  { sourceTag: 'layer:domain', onlyDependOnLibsWithTags: [], allowedExternalImports: ['ipaddr.js'] },
  { sourceTag: 'layer:contracts', onlyDependOnLibsWithTags: ['layer:domain'], allowedExternalImports: ['zod'] },
  { sourceTag: 'layer:kit', onlyDependOnLibsWithTags: ['layer:domain'], allowedExternalImports: ['zod', 'undici', 'dns-packet', '@jest/globals'] },
  { sourceTag: 'layer:platform', onlyDependOnLibsWithTags: ['layer:domain', 'layer:contracts'] },
  { sourceTag: 'layer:chassis', onlyDependOnLibsWithTags: ['layer:domain', 'layer:contracts', 'layer:platform'] },
  { sourceTag: 'layer:host', onlyDependOnLibsWithTags: ['layer:domain', 'layer:contracts', 'layer:kit', 'layer:platform', 'layer:chassis'] },
  { sourceTag: 'layer:service', onlyDependOnLibsWithTags: ['layer:domain', 'layer:contracts', 'layer:platform', 'layer:chassis'] },
  { sourceTag: 'layer:adapter', onlyDependOnLibsWithTags: ['layer:domain', 'layer:kit', 'layer:host'], bannedExternalImports: RUNTIME },
  { sourceTag: 'layer:tool', onlyDependOnLibsWithTags: ['layer:domain', 'layer:contracts'], bannedExternalImports: RUNTIME },
  { sourceTag: 'layer:test', onlyDependOnLibsWithTags: ['*'] },
];

// In tests the floors stay, but any package may help, and so may the real servers of test/support.
const LAYERS_IN_TESTS = LAYERS.map(({ allowedExternalImports: _allowed, bannedExternalImports: _banned, ...floor }) => ({
  ...floor,
  onlyDependOnLibsWithTags: [...floor.onlyDependOnLibsWithTags, 'layer:test'],
}));

const SPEC = ['**/*.spec.ts', '**/testing/**/*.ts', '**/spec/**/*.ts', '**/fake/**/*.ts', 'test/**/*.ts'];

const testDoor = { group: ['@vmdns/*/testing', '@vmdns/*/fake', '@vmdns/test/*', '@vmdns/local'], message: 'Test helpers may be imported by tests only.' };
const hostDoor = { group: ['@vmdns/adapter-host'], message: 'Only main.ts meets the host.' };
const platform = { group: ['node:*'], message: 'The domain touches no platform.' };
const addressesOnly = { group: ['ipaddr.js'], message: 'Only addresses/ knows ipaddr.js.' };
const pages = { group: ['@vmdns/bus', '@vmdns/store', '@vmdns/chassis', '@nestjs/*', 'node:*'], message: 'Pages know contracts only.' };

const NO_ENUM = { selector: 'TSEnumDeclaration', message: 'A union of strings instead of an enum.' };
const NO_DEFAULT = { selector: 'ExportDefaultDeclaration', message: 'Exports have names.' };
const PURE = [
  { selector: ':function[async=true]', message: 'The domain never waits: take the value as an argument.' },
  { selector: "MemberExpression[object.name='Date'][property.name='now']", message: 'Take the time as an argument.' },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Take the time as an argument.' },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: 'Take the dice as an argument.' },
];

// What forgets a promise swallows its error; in specs Jest notices. It costs more than all other rules together, so
// `npm test -- --fast` leaves it out; two projects for all rooms, since a project for each reads what it imports again.
const WITH_TYPES = {
  files: ['libs/*/src/**/*.ts', 'services/*/src/**/*.{ts,tsx}', 'deploy/local/src/**/*.ts', 'test/support/**/*.ts'], ignores: ['**/*.spec.ts', '**/testing/**', '**/spec/**'],
  languageOptions: { parserOptions: { project: ['tsconfig.spec.json', 'services/console/tsconfig.json'], tsconfigRootDir: import.meta.dirname } },
  rules: {
    '@typescript-eslint/no-floating-promises': 'error',
    '@typescript-eslint/no-misused-promises': 'error',
    '@typescript-eslint/await-thenable': 'error',
    '@typescript-eslint/switch-exhaustiveness-check': 'error',
  },
};

const boundaries = (depConstraints, banTransitiveDependencies = true) => ({
  '@nx/enforce-module-boundaries': ['error', { allow: [], banTransitiveDependencies, depConstraints }],
});
const doors = (patterns, more = {}) => ({ 'no-restricted-imports': ['error', { patterns, ...more }] });

export default [
  { ignores: ['**/dist/**', '**/node_modules/**', '**/.vmdns/**', '**/coverage/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  ...tseslint.configs.recommended,
  { plugins: { '@nx': nx } },
  { files: ['**/*.{ts,tsx}'], rules: boundaries(LAYERS) },
  { files: SPEC, rules: boundaries(LAYERS_IN_TESTS, false) },
  {
    files: ['**/*.{ts,tsx}'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_', ignoreRestSiblings: true }],
      'no-restricted-syntax': ['error', NO_ENUM, NO_DEFAULT],
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 70, skipComments: true, skipBlankLines: true }],
    },
  },
  ...(process.env.VMDNS_LINT === 'fast' ? [] : [WITH_TYPES]),
  // A describe block is as long as its tests.
  { files: SPEC, rules: { 'max-lines-per-function': 'off', 'max-lines': ['error', { max: 800 }] } },
  // A later block replaces, not extends, an earlier no-restricted-imports: each lists all its doors.
  { files: ['**/*.ts'], ignores: [...SPEC, 'deploy/**'], rules: doors([testDoor]) },
  { files: ['services/adapter-*/src/**/*.ts'], ignores: ['services/adapter-*/src/main.ts', ...SPEC], rules: doors([testDoor, hostDoor]) },
  { files: ['services/console/src/**/*.{ts,tsx}'], rules: doors([testDoor, pages]) },
  {
    files: ['libs/domain/src/**/*.ts'], ignores: SPEC,
    rules: { ...doors([testDoor, platform, addressesOnly], { paths: builtinModules }), 'no-restricted-syntax': ['error', NO_ENUM, NO_DEFAULT, ...PURE] },
  },
  { files: ['libs/domain/src/addresses/**/*.ts'], ignores: SPEC, rules: doors([testDoor, platform], { paths: builtinModules }) },
  { // The environment is read in one place per service.
    files: ['services/*/src/**/*.ts', 'libs/*/src/**/*.ts'], ignores: ['**/config.ts', ...SPEC],
    rules: { 'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'Read settings in config.ts.' }] },
  },
];
