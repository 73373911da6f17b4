import { availableParallelism } from 'node:os';

/**
 * One Jest configuration for the whole repository, so that all integration tests share one Postgres, Kafka and Redis.
 */
const common = {
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  transformIgnorePatterns: ['/node_modules/', '/dist/'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/.stoa/'],
  modulePathIgnorePatterns: ['/dist/', '/.stoa/'],
  watchPathIgnorePatterns: ['/.stoa/'],
};

const servers = {
  globalSetup: '<rootDir>/packages/testing/dist/global-setup.js',
  globalTeardown: '<rootDir>/packages/testing/dist/global-teardown.js',
};

/**
 * A worker and the servers that its tests start; and all that is beside them: shared servers and another part's whole
 * stack.
 */
const WORKER_BYTES = 0.7 * 2 ** 30;
const OTHER_BYTES = 2.5 * 2 ** 30;

/** Integration tests wait for servers most of their time: more of them than cores, as far as memory goes. */
function workers() {
  const byMemory = Math.floor((process.availableMemory() - OTHER_BYTES) / WORKER_BYTES);
  return Math.max(2, Math.min(Math.ceil(availableParallelism() * 2.5), byMemory));
}

export default {
  maxWorkers: workers(),
  // A worker keeps all that it has loaded: it is replaced between two files once it is so large.
  workerIdleMemoryLimit: '600MB',
  // Three times `eventually`: a machine that others use too may be slow, and what is only slow is no failure.
  testTimeout: 180_000,
  // It is kept where TMPDIR is a folder that goes after the tests.
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  reporters: ['default', '<rootDir>/.ci/count-reporter.mjs'],
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/{apps,packages,infra,bench,tests}/**/*.unit.spec.ts'] },
    { ...common, ...servers, displayName: 'int', testMatch: ['<rootDir>/{apps,packages,infra}/**/*.int.spec.ts'] },
    {
      ...common,
      displayName: 'system',
      testMatch: ['<rootDir>/tests/!(moves|audit)/**/*.e2e.spec.ts'],
      globalSetup: '<rootDir>/tests/support/global-setup.mjs',
      globalTeardown: '<rootDir>/tests/support/global-teardown.mjs',
    },
    {
      ...common,
      displayName: 'moves',
      testMatch: ['<rootDir>/tests/moves/**/*.e2e.spec.ts'],
      globalSetup: '<rootDir>/tests/moves/support/global-setup.mjs',
      globalTeardown: '<rootDir>/tests/moves/support/global-teardown.mjs',
    },
    {
      ...common,
      displayName: 'audit',
      // The short form kills servers as the tests of moves do, on the same stack.
      testMatch: ['<rootDir>/tests/audit/**/*.e2e.spec.ts'],
      globalSetup: '<rootDir>/tests/moves/support/global-setup.mjs',
      globalTeardown: '<rootDir>/tests/moves/support/global-teardown.mjs',
    },
    {
      ...common,
      displayName: 'long audit',
      testMatch: ['<rootDir>/tests/audit/**/*.audit.ts'],
      globalSetup: '<rootDir>/tests/audit/support/global-setup.mjs',
      globalTeardown: '<rootDir>/tests/audit/support/global-teardown.mjs',
    },
  ],
};
