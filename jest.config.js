import { availableParallelism } from 'node:os';

// Mirrors tsconfig.json: what differs here would be tested but not shipped.
const swc = {
  swcrc: false,
  sourceMaps: 'inline',
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false, verbatimModuleSyntax: true },
    keepClassNames: true,
  },
};

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['<rootDir>/test/**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  // Jest cannot require() an ES module on Node 20, where Node itself can: @fastify/static and light-my-request require these two.
  transformIgnorePatterns: ['/node_modules/(?!(content-disposition|cookie)/)'],
  transform: { '^.+\\.ts$': ['@swc/jest', swc], '/node_modules/(content-disposition|cookie)/.+\\.js$': ['@swc/jest', { swcrc: false }] },
  // The .js comes first so that packages which ship their sources beside their build are left alone.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1.js', '$1.ts'] },
  testTimeout: 60_000,
  // More than there are processors: many tests wait for a disk, a socket or a timer.
  maxWorkers: Math.ceil(1.5 * availableParallelism()),
};
