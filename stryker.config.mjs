// npm run mutate [-- --mutate src/formats/json-scanner.ts]: plants faults in what reads files, makes figures and crosses processes, and
// runs the fast unit tests over each. The score is the share of faults that a test notices.
export default {
  mutate: ['src/{formats,metrics,protocol}/**/*.ts', '!src/**/index.ts'],
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutate.config.ts', related: false },
  plugins: ['@stryker-mutator/vitest-runner'],
  concurrency: 2,
  // Vitest strips the types.
  disableTypeChecks: false,
  // What changes a text for people only is no fault that a test should hold word by word.
  mutator: { excludedMutations: ['StringLiteral'] },
  // What runs as a module is loaded would need every test for each fault.
  ignoreStatic: true,
  timeoutMS: 20_000,
  dryRunTimeoutMinutes: 20,
  reporters: ['clear-text', 'json'],
  clearTextReporter: { allowColor: false, logTests: false },
  jsonReporter: { fileName: 'test-results/mutation.json' },
  tempDirName: '.offaxis-tools/mutation',
  ignorePatterns: ['dist', 'media/samples', 'media/walkthrough', 'test-results'],
};
