// npm run bench:gpu [-- --size N] [--batch N] [--rounds N] [--software]: the GPU path against its own adapter, as ratios within one run.
// Takes the fastest adapter of the machine; --software, or if there is none, the software adapter of the tests.
import { existsSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { onRecentNode } from './lib/node.mjs';
import { ensureSoftwareGpu } from './lib/software-gpu.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
await onRecentNode(root);
const args = process.argv.slice(2);
const number = (name, otherwise) => {
  const at = args.indexOf(`--${name}`);
  const value = at < 0 ? otherwise : Number(args[at + 1]);
  if (Number.isInteger(value) && value >= 0) return value;
  console.error(`bench:gpu: --${name} takes a whole number`);
  process.exit(2);
};
const options = {
  bundleDirectory: join(root, 'dist'),
  size: number('size', 0),
  batch: number('batch', 3),
  rounds: number('rounds', 3),
};
if (!existsSync(join(root, 'dist', 'cli.mjs'))) throw new Error('dist/cli.mjs is missing: run "npm run build" first.');
const report = JSON.parse(
  spawnSync(process.execPath, [join(root, 'dist', 'cli.mjs'), 'gpu', '--json', '-'], { encoding: 'utf8' }).stdout ||
    '{}',
);
if (args.includes('--software') || !report.adapter) {
  const { env } = ensureSoftwareGpu(root, { log: () => {} });
  // A library path counts at the start of a process only.
  if (Object.entries(env).some(([name, value]) => process.env[name] !== value)) {
    const again = spawnSync(process.execPath, process.argv.slice(1), {
      stdio: 'inherit',
      env: { ...process.env, ...env },
    });
    process.exit(again.status ?? 1);
  }
}
// What is measured is TypeScript with shaders.
const bundle = join(root, 'test-results', 'bench-gpu.mjs');
await esbuild.build({
  absWorkingDir: root,
  entryPoints: ['test/bench/gpu.ts'],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  loader: { '.wgsl': 'text' },
  packages: 'external',
});
const { benchGpu } = await import(bundle);
rmSync(bundle);
process.exitCode = (await benchGpu(options)) ? 0 : 1;
