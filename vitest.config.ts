import { defineConfig } from 'vitest/config';
import { knownSoftwareGpu } from './scripts/lib/software-gpu.mjs';

// The adapter that `npm test` or `npm run integration` found, for runs started by hand. Set here, before the workers start:
// a library path counts at the start of a process only.
if (!process.env['VK_ICD_FILENAMES']) Object.assign(process.env, knownSoftwareGpu(import.meta.dirname)?.env);

export default defineConfig({
  plugins: [
    {
      // As esbuild's text loader does in the build.
      name: 'wgsl',
      transform: (code, id) =>
        id.endsWith('.wgsl') ? { code: `export default ${JSON.stringify(code)};`, map: null } : null,
    },
  ],
  test: {
    include: ['test/unit/**/*.test.ts'],
    setupFiles: ['test/cacheOfTests.ts', 'test/turnOfTests.ts'],
    // A software adapter compiles every shader at its first dispatch, for minutes if the machine is busy; what hangs still ends.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 120_000 } },
    pool: 'forks',
    poolOptions: { forks: { maxForks: 2 } },
  },
});
