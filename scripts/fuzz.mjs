// npm run fuzz [-- MINUTES] [--target NAME] [--seed N] [--first CASE]: every fuzzer of test/fuzz, 10 minutes together; status 1 when
// something was found. The header's runs beside the reference if the Python package safetensors is installed (OFFAXIS_PYTHON names a
// Python).
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import * as esbuild from 'esbuild';
import { run } from './lib/install.mjs';
import { onRecentNode } from './lib/node.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
await onRecentNode(root);
const text = /** @type {const} */ ({ type: 'string' });
const { values, positionals } = parseArgs({
  options: { target: text, seed: text, first: text },
  allowPositionals: true,
});
const minutes = Number(positionals[0] ?? 10);
if (!(minutes > 0)) {
  console.error(`fuzz: the minutes are a number above 0, not "${positionals[0]}"`);
  process.exit(2);
}
// The MCP server is the built one.
if (!existsSync(join(root, 'dist', 'cli.mjs'))) run(process.execPath, ['scripts/build.mjs'], { cwd: root });
const bundle = join(root, 'test-results', 'fuzz.mjs');
await esbuild.build({
  absWorkingDir: root,
  entryPoints: ['test/fuzz/main.ts'],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  loader: { '.wgsl': 'text' },
});
const { runFuzzers } = await import(pathToFileURL(bundle).href);
const nothingFound = await runFuzzers(root, {
  minutes,
  seed: Number(values.seed ?? Date.now() % 1_000_000),
  only: values.target ?? null,
  first: Number(values.first ?? 0),
});
process.exit(nothingFound ? 0 : 1);
