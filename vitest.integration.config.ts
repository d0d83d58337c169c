import { defineConfig } from 'vitest/config';

// Two VS Codes at a time: each waits for its browser, its server and its engine by turns.
export default defineConfig({
  test: {
    include: ['test/integration/**/*.test.ts'],
    globalSetup: ['test/integration/support/setup.ts'],
    pool: 'forks',
    isolate: false,
    poolOptions: { forks: { minForks: 1, maxForks: 2 } },
    // Nobody waits for these on an idle machine; a busy one may take them.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // A second try of its own for each, as VS Code is not ours; the summary names every test that needed it.
    retry: 1,
    expect: { poll: { timeout: 60_000, interval: 100 } },
  },
});
