// Bundles everything that ships into dist/: extension (CJS), engine, worker and command line (ESM), the webviews, the kernels.
// usage: node scripts/build.mjs [--production] [--watch]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { onRecentNode } from './lib/node.mjs';
import { writeNotices } from './lib/notices.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
await onRecentNode(root);
process.chdir(root);
const production = process.argv.includes('--production');
const watch = process.argv.includes('--watch');

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

const shared = {
  bundle: true,
  define: { OFFAXIS_VERSION: JSON.stringify(version) },
  metafile: true,
  minify: production,
  sourcemap: production ? false : 'linked',
  // Third-party notices go into one file, see lib/notices.mjs.
  legalComments: 'none',
  logLevel: 'warning',
};
const node = { ...shared, platform: 'node', target: 'node22', loader: { '.wgsl': 'text' } };
const esm = { ...node, format: 'esm' };
const webview = { ...shared, platform: 'browser', target: 'es2022', loader: { '.ttf': 'file' }, assetNames: '[name]' };

// VS Code hands its API to what is loaded by require() alone.
const host = { ...node, format: 'cjs', external: ['vscode'] };
// That package.json says "sideEffects" of webview/ alone lets esbuild drop what an index file exports and nobody here uses.
// What activation needs is a bundle of its own, so that it is small: all else is loaded by it at the first use.
const windowApart = {
  name: 'window apart',
  setup(build) {
    build.onResolve({ filter: /^\.\/window\.ts$/ }, () => ({ path: './window.cjs', external: true }));
  },
};

const bundles = [
  {
    ...host,
    plugins: [windowApart],
    supported: { 'dynamic-import': false },
    entryPoints: ['src/extension.ts'],
    outfile: 'dist/extension.cjs',
  },
  { ...host, entryPoints: ['src/window.ts'], outfile: 'dist/window.cjs' },
  { ...esm, entryPoints: ['src/engine/process.ts'], outfile: 'dist/engine.mjs' },
  { ...esm, entryPoints: ['src/linalg/wasm/worker.ts'], outfile: 'dist/linalg-worker.mjs' },
  { ...esm, entryPoints: ['src/cli/main.ts'], outfile: 'dist/cli.mjs', banner: { js: '#!/usr/bin/env node' } },
  // Loaded by the command line for `offaxis mcp` alone.
  { ...esm, entryPoints: ['src/mcp/server.ts'], outfile: 'dist/mcp.mjs' },
  // The page's script and its styles in one bundle: esbuild writes the styles beside the script.
  ...['inspector', 'comparison', 'several'].map((page) => ({
    ...webview,
    format: 'iife',
    stdin: {
      contents: "import './main.css';\nimport './main.ts';\n",
      resolveDir: `webview/${page}`,
      sourcefile: `${page}.ts`,
    },
    outfile: `dist/webview/${page}.js`,
  })),
];

function buildKernels() {
  const run = spawnSync(process.execPath, ['scripts/build-kernels.mjs'], { stdio: 'inherit' });
  if (run.status !== 0) throw new Error('The WASM kernels did not compile; see the messages above.');
}

const entryOf = ({ entryPoints, stdin }) => entryPoints?.[0] ?? `${stdin.resolveDir}/main.ts`;
const missing = bundles.map(entryOf).filter((entry) => !existsSync(entry));
if (missing.length) {
  console.error(`build: these entry points are missing: ${missing.join(', ')}`);
  process.exit(1);
}
mkdirSync('dist', { recursive: true });
if (production) rmSync('dist/webview', { recursive: true, force: true });

if (watch) {
  buildKernels();
  for (const bundle of bundles) await (await esbuild.context({ ...bundle, logLevel: 'info' })).watch();
  console.log('build: watching; the kernels are compiled anew by `npm run build` only');
} else {
  const started = performance.now();
  const results = await Promise.allSettled(bundles.map((bundle) => esbuild.build(bundle)));
  const failures = results.filter((result) => result.status === 'rejected');
  // esbuild has printed what is wrong, with file and line.
  if (failures.length) process.exit(1);
  const metafiles = results.map((result) => result.value.metafile);
  writeNotices(root, metafiles, 'dist/THIRD-PARTY-NOTICES.txt');
  buildKernels();
  for (const result of results) {
    for (const [file, { bytes }] of Object.entries(result.value.metafile.outputs)) {
      if (!file.endsWith('.map')) console.log(`  ${file.padEnd(32)} ${(bytes / 1024).toFixed(0).padStart(6)} KB`);
    }
  }
  console.log(`build: done in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
