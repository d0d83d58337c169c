// npm run bench:stages [-- --quick] [-- --rounds N]: what each stage of a comparison costs beside the whole, in CPU seconds of all threads, so
// that what else runs on the machine slows both sides alike. Eight 2048 x 2048 pairs and one of 4096 x 1024, one after the other; --quick
// takes one of each at half the size.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { installDependencies, run } from './lib/install.mjs';
import { onRecentNode } from './lib/node.mjs';
import { gaussian, headerOf } from './lib/random-pair.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
await onRecentNode(root);
installDependencies(root);
const quick = process.argv.includes('--quick');
const at = process.argv.indexOf('--rounds');
const rounds = at > 0 ? Number(process.argv[at + 1]) : 1;
const cli = join(root, 'dist', 'cli.mjs');
const hook = pathToFileURL(join(root, 'scripts', 'lib', 'usage.mjs')).href;
const SHAPES = quick
  ? [
      [1024, 1024],
      [2048, 512],
    ]
  : [...Array.from({ length: 8 }, () => [2048, 2048]), [4096, 1024]];
const STAGES = ['change', 'alignment', 'spectra'];

/** bf16 codes, nearest even; and the values that they stand for. */
function rounded(values) {
  const bits = new Uint32Array(values.buffer);
  const codes = Uint16Array.from(bits, (b) => (b + 0x7fff + ((b >>> 16) & 1)) >>> 16);
  return { codes, values: new Float32Array(Uint32Array.from(codes, (code) => code << 16).buffer) };
}
/** The spectrum of numpy_way.py: a bulk, a few hundred values above it, and an update of 0.2 % of the norm. */
function pairOf(rows, columns, seed) {
  const next = gaussian(seed);
  const rank = Math.min(rows, columns) / 8;
  const matrix = Float32Array.from({ length: rows * columns }, next);
  const right = Float32Array.from({ length: rank * columns }, () => next() / Math.sqrt(rank));
  for (let i = 0; i < rows; i++) {
    const row = matrix.subarray(i * columns, (i + 1) * columns);
    for (let term = 0; term < rank; term++) {
      const factor = (next() * 8) / (term + 1) ** 0.6;
      const from = term * columns;
      for (let j = 0; j < columns; j++) row[j] += factor * right[from + j];
    }
  }
  let squares = 0;
  for (let i = 0; i < matrix.length; i++) squares += (matrix[i] *= 0.02) ** 2;
  const size = 0.002 * Math.sqrt(squares / matrix.length);
  const base = rounded(matrix);
  return [base.codes, rounded(base.values.map((value) => value + size * next())).codes];
}

if (!existsSync(cli)) run(process.execPath, ['scripts/build.mjs'], { cwd: root });
const folder = mkdtempSync(join(tmpdir(), 'offaxis-stages-'));
try {
  const paths = ['base', 'tuned'].map((name) => join(folder, `${name}.safetensors`));
  const files = paths.map((path) => openSync(path, 'w'));
  for (const file of files) writeSync(file, headerOf(SHAPES));
  for (const [layer, [rows, columns]] of SHAPES.entries())
    for (const [side, codes] of pairOf(rows, columns, layer + 1).entries())
      writeSync(files[side], new Uint8Array(codes.buffer));
  files.forEach((file) => closeSync(file));

  const usage = join(folder, 'usage.json');
  const json = join(folder, 'result.json');
  /** CPU seconds of a comparison that ends with this stage. */
  const until = (stage) => {
    const options = ['--backend', 'cpu', '--threads', '1', '--no-cache', '--until', stage, '--json', json];
    const env = { ...process.env, OFFAXIS_USAGE: usage };
    const child = spawnSync(process.execPath, ['--import', hook, cli, 'compare', ...paths, ...options], {
      encoding: 'utf8',
      env,
    });
    if (child.status !== 0) throw new Error(child.stderr);
    const { tensors } = JSON.parse(readFileSync(json, 'utf8'));
    const figure = { change: 'updateNorm', alignment: 'jointEnergy', spectra: 'nss' }[stage];
    if (tensors.length !== SHAPES.length || tensors.some(({ metrics }) => metrics[figure] == null))
      throw new Error(`not every matrix has its ${figure}`);
    return JSON.parse(readFileSync(usage, 'utf8')).seconds;
  };
  const least = Object.fromEntries(STAGES.map((stage) => [stage, Infinity]));
  // the stages take turns, and the least of each counts
  for (let round = 0; round < rounds; round++)
    for (const stage of STAGES) least[stage] = Math.min(least[stage], until(stage));

  const { change, alignment, spectra } = least;
  const what = quick ? 'a 1024 x 1024 and a 2048 x 512 pair' : 'eight 2048 x 2048 pairs and one of 4096 x 1024';
  console.log(`${cpus()[0]?.model}, ${availableParallelism()} threads, Node ${process.versions.node}; ${what}\n`);
  const own = { change, alignment: alignment - change, spectra: spectra - change };
  console.log('| stage | CPU, its own | CPU, up to its end | own part of the whole pair |\n| --- | --- | --- | --- |');
  for (const stage of STAGES)
    console.log(
      `| ${stage} | ${own[stage].toFixed(2)} s | ${least[stage].toFixed(2)} s | ${((100 * own[stage]) / own.spectra).toFixed(1)} % |`,
    );
  console.log(
    `\nalignment against whole pairs, without reading and change: ${(own.spectra / own.alignment).toFixed(1)} times faster; from start to end: ${(spectra / alignment).toFixed(1)} times`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
