// @ts-check
// Compiles src/kernels (AssemblyScript) to dist/kernels/offaxis.wasm (plain SIMD) and offaxis_relaxed.wasm (fused multiply-add,
// which every Node that we ask for has; picked at run time). Usage: node scripts/build-kernels.mjs [output directory]
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

// By a name that the types do not follow: the compiler's own globals would become those of the whole project, `at` of arrays without
// its `undefined` among them.
const COMPILER = 'assemblyscript/asc';
const { default: asc } = await import(COMPILER);

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const builds = [
  { file: 'offaxis.wasm', features: 'simd,threads' },
  { file: 'offaxis_relaxed.wasm', features: 'simd,threads,relaxed-simd' },
];

/**
 * Both builds into `directory`. Throws with the compiler's messages.
 * @param {string} directory
 */
export async function buildKernels(directory) {
  mkdirSync(directory, { recursive: true });
  for (const { file, features } of builds) {
    const { error, stderr } = await asc.main(
      [
        'src/kernels/index.ts',
        ...['--runtime', 'stub', '-O3', '--noAssert', '--noColors', '--enable', features],
        // the caller brings the memory; nothing lies in it below the first kilobyte
        ...[
          '--importMemory',
          '--sharedMemory',
          '--initialMemory',
          '16',
          '--maximumMemory',
          '65536',
          '--memoryBase',
          '1024',
        ],
        ...['--outFile', file],
      ],
      {
        readFile: (/** @type {string} */ name, /** @type {string} */ base) =>
          readFile(resolve(root, base, name), 'utf8').catch(() => null),
        writeFile: (/** @type {string} */ name, /** @type {string | Uint8Array} */ contents) =>
          writeFileSync(join(directory, name), contents),
      },
    );
    if (error) throw new Error(`The kernels do not compile:\n${stderr.toString()}`);
    const warnings = stderr.toString().trim();
    if (warnings) console.warn(warnings);
  }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const directory = resolve(process.argv[2] ?? join(root, 'dist', 'kernels'));
  await buildKernels(directory);
  console.log(`kernels: ${builds.map((b) => b.file).join(', ')} in ${directory}`);
}
