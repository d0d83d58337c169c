/** The kernels and the worker bundle, built into a folder of their own: unit tests need no `npm run build`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { buildKernels } from '../../../scripts/build-kernels.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

export interface WasmBuild {
  kernelDirectory: string;
  workerFile: string;
  remove(): void;
}
export async function buildWasm(): Promise<WasmBuild> {
  const directory = mkdtempSync(join(tmpdir(), 'offaxis-wasm-'));
  const workerFile = join(directory, 'linalg-worker.mjs');
  await buildKernels(join(directory, 'kernels'));
  await esbuild.build({
    entryPoints: [join(root, 'src/linalg/wasm/worker.ts')],
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    outfile: workerFile,
    logLevel: 'warning',
  });
  return {
    kernelDirectory: join(directory, 'kernels'),
    workerFile,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
