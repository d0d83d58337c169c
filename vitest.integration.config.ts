import { defineConfig } from 'vitest/config';

// One VS Code at a time: they share the machine's cores with the engine under test.
export default defineConfig({
  test: {
    include: ['test/integration/**/*.test.ts'],
    globalSetup: ['test/integration/support/setup.ts'],
    fileParallelism: false,
    // Nobody waits for these on an idle machine; a busy one may take them.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // A second try of its own for each, as VS Code is not ours; the summary names every test that needed it.
    retry: 1,
    expect: { poll: { timeout: 60_000, interval: 100 } },
  },
});
