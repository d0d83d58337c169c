import { defineConfig } from 'vitest/config';

// For Stryker: the unit tests that need neither a build, nor a GPU, nor minutes.
export default defineConfig({
  test: {
    include: ['formats', 'metrics', 'protocol', 'numbers'].map((folder) => `test/unit/${folder}/**/*.test.ts`),
    exclude: ['**/noise.test.ts'],
    // What is timed fails on a busy machine, and takes seconds for each fault.
    testNamePattern: /^(?!.*in seconds)/,
    testTimeout: 120_000,
  },
});
