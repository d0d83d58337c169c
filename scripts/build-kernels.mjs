// @ts-check
// Compiles src/kernels (AssemblyScript) to dist/kernels/offaxis.wasm (plain SIMD) and offaxis_relaxed.wasm (fused multiply-add,
// which every Node that we ask for has; picked at run time). Usage: node scripts/build-kernels.mjs [output directory]
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

// By a name that the types do not follow: the compiler's own globals would become those of the whole project, `at` of arrays without
// its `undefined` among them.
const COMPILER = 'assemblyscript/asc';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const SOURCES = join(root, 'src', 'kernels');
/** Where each pair of builds is kept by what it was made of: the build, the package and a dozen files of tests ask for the same one. */
const KEPT = join(root, 'node_modules', '.cache', 'offaxis-kernels');
const builds = [
  { file: 'offaxis.wasm', features: 'simd,threads' },
  { file: 'offaxis_relaxed.wasm', features: 'simd,threads,relaxed-simd' },
];

/**
 * Both builds into `directory`, compiled unless builds of the same sources are kept. Throws with the compiler's messages.
 * @param {string} directory
 */
export async function buildKernels(directory) {
  mkdirSync(directory, { recursive: true });
  const kept = join(KEPT, madeOf());
  if (!existsSync(kept)) await keep(kept);
  for (const { file } of builds) copyFileSync(join(kept, file), join(directory, file));
}

/** Of the sources, the compiler and how it is called, which this file says. */
function madeOf() {
  const hash = createHash('sha256');
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  for (const path of [
    ...files.sort().map((name) => join(SOURCES, name)),
    fileURLToPath(import.meta.url),
    join(root, 'node_modules', 'assemblyscript', 'package.json'),
  ]) {
    const content = readFileSync(path);
    hash.update(`${path.slice(root.length)} ${content.length}\n`).update(content);
  }
  return hash.digest('hex').slice(0, 32);
}

/**
 * Under its name as a whole: other processes may look for it, or make it, at the same time.
 * @param {string} kept
 */
async function keep(kept) {
  mkdirSync(KEPT, { recursive: true });
  const made = mkdtempSync(join(KEPT, 'making-'));
  try {
    await compile(made);
    renameSync(made, kept);
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    if (!existsSync(kept)) throw error;
  }
}

/** @param {string} directory */
async function compile(directory) {
  const { default: asc } = await import(COMPILER);
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
