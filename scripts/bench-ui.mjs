// npm run bench:ui: in a real VS Code, how long activation takes, and a very large index until its first row, beside the same JSON as text.
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';
import { run } from './lib/install.mjs';
import { onRecentNode } from './lib/node.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
await onRecentNode(root);
if (!process.env.OFFAXIS_VSIX) run(process.execPath, ['scripts/package.mjs', '--target', 'host'], { cwd: root });
// The harness of the integration tests is TypeScript.
const bundle = join(root, 'test-results', 'bench-ui.mjs');
await esbuild.build({
  absWorkingDir: root,
  entryPoints: ['test/integration/bench/main.ts'],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
});
const { benchUi } = await import(pathToFileURL(bundle).href);
await benchUi(root);
