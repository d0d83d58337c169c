// npm run bench [-- --quick]: Offaxis against NumPy/LAPACK and against cmp, on the same files and cores, in one run.
// Needs python3-numpy on libopenblas0-pthread (Debian). --quick takes two 1024 x 1024 pairs and small files: to try the script itself.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDependencies, run } from './lib/install.mjs';
import { onRecentNode } from './lib/node.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
await onRecentNode(root);
installDependencies(root);
const quick = process.argv.includes('--quick');
const cli = join(root, 'dist', 'cli.mjs');
const python = join(root, 'test', 'bench', 'numpy_way.py');

// Rounds in which the two take turns: what else runs on the machine then slows both, and the ratio holds.
const SQUARE = '2048x2048';
const ROUNDS = quick
  ? [['1024x1024'], ['1024x1024']]
  : [
      [SQUARE, SQUARE, SQUARE],
      [SQUARE, SQUARE, SQUARE],
      [SQUARE, SQUARE, '4096x1024'],
    ];
// 4096 x 4096 tensors, 32 MiB each; 1 GiB a file in the full run: long enough that the start of a process does not count.
const STREAM = quick ? 4 : 32;

function seconds(command, args, options = {}) {
  // A variable that Debian's OpenBLAS reads would tie it to another processor's kernels.
  const env = { ...process.env };
  delete env.OPENBLAS_CORETYPE;
  const started = performance.now();
  const run = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, env, ...options });
  if (run.error || run.status !== 0)
    throw new Error(`${command} ${args.join(' ')}: ${run.error?.message ?? run.stderr}`);
  return { wall: (performance.now() - started) / 1000, output: run.stdout };
}
// Nothing is taken from earlier runs: scripts/bench-cache.mjs measures what that spares.
const offaxis = (...args) => seconds(process.execPath, [cli, ...args, '--no-cache']).wall;

if (!existsSync(cli)) run(process.execPath, ['scripts/build.mjs'], { cwd: root });
const folder = mkdtempSync(join(tmpdir(), 'offaxis-bench-'));
try {
  const [base, tuned] = ['base', 'tuned'].map((name) => join(folder, `${name}.safetensors`));
  console.log(`${cpus()[0]?.model}, ${availableParallelism()} threads, Node ${process.versions.node}\n`);
  const json = join(folder, 'comparison.json');
  let numpy = 0;
  let ours = 0;
  for (const [round, pairs] of ROUNDS.entries()) {
    seconds('/usr/bin/python3', [python, 'generate', base, tuned, String(round + 1), ...pairs]);
    numpy += Number(seconds('/usr/bin/python3', [python, 'time', base, tuned]).output);
    ours += offaxis('compare', base, tuned, '--json', json);
    const { tensors } = JSON.parse(readFileSync(json, 'utf8'));
    if (tensors.length !== pairs.length || tensors.some(({ metrics }) => metrics.nss == null))
      throw new Error('not every matrix has its spectra');
  }

  seconds('/usr/bin/python3', [python, 'generate', base, tuned, '2', '4096x4096']);
  for (const file of [base, tuned]) seconds('/usr/bin/python3', [python, 'repeat', file, String(STREAM)]);
  // cmp stops at the first difference, so it gets a file and its copy, which it reads to the end.
  const copy = join(folder, 'copy.safetensors');
  copyFileSync(base, copy);
  let cmp = Infinity;
  let stream = Infinity;
  for (let turn = 0; turn < 4; ++turn) {
    cmp = Math.min(cmp, seconds('cmp', [base, copy]).wall);
    stream = Math.min(stream, offaxis('compare', base, tuned, '--no-spectra'));
  }
  const size = `2 x ${(statSync(base).size / 2 ** 30).toFixed(2)} GiB`;

  const rows = [
    ['work', 'reference', 'Offaxis', 'ratio', 'goal'],
    ['---', '---', '---', '---', '---'],
    [
      `all of METRICS.md section B, ${quick ? 'two 1024 x 1024' : 'eight 2048 x 2048 and one 4096 x 1024'} bf16 pairs`,
      `NumPy svd, svd, svdvals in float64: ${numpy.toFixed(1)} s`,
      `${ours.toFixed(1)} s`,
      `${(numpy / ours).toFixed(1)} times faster`,
      'at least 4 times faster',
    ],
    [
      `change figures of two bf16 files, ${size}, in the page cache`,
      `cmp: ${cmp.toFixed(2)} s`,
      `${stream.toFixed(2)} s`,
      `${(stream / cmp).toFixed(1)} times cmp`,
      'at most 2 times cmp',
    ],
  ];
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
