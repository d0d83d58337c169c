// npm run shots -- DIR: a picture of every view and state, from a real VS Code, in dark, light and high contrast.
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';
import { run } from './lib/install.mjs';
import { onRecentNode } from './lib/node.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
await onRecentNode(root);
const [target = 'shots', ...themes] = process.argv.slice(2);
const folder = resolve(target);
mkdirSync(folder, { recursive: true });
if (!process.env.OFFAXIS_VSIX) run(process.execPath, ['scripts/package.mjs', '--target', 'host'], { cwd: root });
// The pictures are taken with the harness of the integration tests, which is TypeScript.
const bundle = join(root, 'test-results', 'shots.mjs');
await esbuild.build({
  absWorkingDir: root,
  entryPoints: ['test/integration/shots/main.ts'],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
});
const { takeShots } = await import(pathToFileURL(bundle).href);
await takeShots(root, folder, themes);
