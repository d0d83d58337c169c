// npm run bench:cache [-- --quick]: what the cache spares, as CPU seconds of the command line and ratios of them, in one run.
// --quick takes small matrices: to try the script itself.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { installDependencies, run } from './lib/install.mjs';
import { onRecentNode } from './lib/node.mjs';
import { writePair } from './lib/random-pair.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
await onRecentNode(root);
installDependencies(root);
const quick = process.argv.includes('--quick');
const cli = join(root, 'dist', 'cli.mjs');
const SHAPES = quick
  ? [[512, 512]]
  : [
      [2048, 2048],
      [2048, 2048],
      [4096, 1024],
    ];
/** Stamps say something only when they are this old. */
const SETTLED_MS = 3500;

if (!existsSync(cli)) run(process.execPath, ['scripts/build.mjs'], { cwd: root });
const folder = mkdtempSync(join(tmpdir(), 'offaxis-bench-'));
const usage = join(folder, 'usage.json');
const hook = pathToFileURL(join(root, 'scripts', 'lib', 'usage.mjs')).href;

/** @param {string[]} args */
function offaxis(...args) {
  const started = performance.now();
  const done = spawnSync(
    process.execPath,
    ['--import', hook, cli, 'compare', ...args, '--backend', 'cpu', '--json', join(folder, 'result.json')],
    { encoding: 'utf8', env: { ...process.env, OFFAXIS_CACHE: join(folder, 'cache'), OFFAXIS_USAGE: usage } },
  );
  if (done.status !== 0) throw new Error(done.stderr);
  const cpu = JSON.parse(readFileSync(usage, 'utf8')).seconds;
  const text = readFileSync(join(folder, 'result.json'), 'utf8');
  const figures = JSON.stringify(JSON.parse(text), (name, value) => (name === 'elapsedMs' ? 0 : value));
  return { cpu, wall: (performance.now() - started) / 1000, figures };
}

try {
  console.log(`${cpus()[0]?.model}, ${availableParallelism()} threads, Node ${process.versions.node}\n`);
  const [base, tuned, other] = ['base', 'tuned', 'other'].map((name) => join(folder, `${name}.safetensors`));
  writePair(base, [tuned, other], SHAPES);
  await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
  const without = offaxis(base, other, '--no-cache');
  const first = offaxis(base, tuned);
  const second = offaxis(base, other);
  const again = offaxis(base, other);
  const samples = ['base', 'rl'].map((name) => join(root, 'media', 'samples', name));
  const sample = offaxis(...samples);
  const sampleAgain = offaxis(...samples);
  const same = second.figures === without.figures && again.figures === without.figures;
  const of = ({ cpu, wall }) => `${cpu.toFixed(2)} s (${wall.toFixed(2)} s)`;
  const share = (one, all) => `${((100 * one.cpu) / all.cpu).toFixed(0)} %`;
  const what = SHAPES.map((shape) => shape.join(' x ')).join(', ');
  const rows = [
    ['comparison', 'CPU (wall)', 'of the first', 'goal'],
    ['---', '---', '---', '---'],
    [`the first, ${what} bf16, nothing kept yet`, of(first), '', ''],
    ['another tuned side of that base', of(second), share(second, first), 'at most 65 %'],
    ['the same without a cache', of(without), share(without, first), ''],
    ['the same again', of(again), share(again, first), ''],
    ['the samples, base and rl', of(sample), '', ''],
    ['the samples again', of(sampleAgain), share(sampleAgain, sample), 'under 2 s'],
  ];
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
  console.log(`\nthe figures of all three ways are ${same ? 'the same bits' : 'DIFFERENT'}`);
  if (!same) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
