import { defineConfig } from 'vitest/config';

// One scheduler at a time: each believes in more processors than there are.
export default defineConfig({
  test: {
    include: ['test/cluster/**/*.test.ts'],
    fileParallelism: false,
    // They wait for daemons that look around every few seconds, and for nodes that are given up.
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});
