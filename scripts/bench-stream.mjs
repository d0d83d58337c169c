// npm run bench:stream [-- --quick] [-- --rounds N]: the change figures of two files in the page cache beside cmp, which reads as much and
// compares bytes, and a copy in memory; they take turns, and the least of each counts. CPU is what the system says of processes that have
// ended, so it is Linux's alone; the load of other programs moves it less than the time. --quick: 64 MiB a side instead of 1 GiB.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDependencies, run } from './lib/install.mjs';
import { onRecentNode } from './lib/node.mjs';
import { headerOf, writePair } from './lib/random-pair.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
await onRecentNode(root);
installDependencies(root);
const at = process.argv.indexOf('--rounds');
const rounds = at > 0 ? Number(process.argv[at + 1]) : 4;
const LAYERS = process.argv.includes('--quick') ? 2 : 32;
const SHAPE = [4096, 4096];
const BYTES = 2 * SHAPE[0] * SHAPE[1];
const TICKS_A_SECOND = 100;

/** User and system seconds of the processes that have ended, of Linux. */
function spent() {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return [fields[13], fields[14]].map((ticks) => Number(ticks) / TICKS_A_SECOND);
}
function measured(command, args) {
  const before = spent();
  const started = performance.now();
  const child = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (child.error || child.status !== 0) throw new Error(`${command}: ${child.error?.message ?? child.stderr}`);
  const wall = (performance.now() - started) / 1000;
  const [user, system] = spent().map((seconds, i) => seconds - before[i]);
  return { wall, user, system };
}
/** A copy of as many bytes in pieces of 64 MiB, which no cache of a core holds. */
function copied(bytes) {
  const [from, to] = [Buffer.alloc(1 << 26, 1), Buffer.alloc(1 << 26, 2)];
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  for (let done = 0; done < bytes; done += from.length) from.copy(to);
  const { user, system } = process.cpuUsage(cpu);
  return { wall: (performance.now() - started) / 1000, user: user / 1e6, system: system / 1e6 };
}

const cli = join(root, 'dist', 'cli.mjs');
if (!existsSync(cli)) run(process.execPath, ['scripts/build.mjs'], { cwd: root });
const folder = mkdtempSync(join(tmpdir(), 'offaxis-stream-'));
try {
  const [base, tuned, copy] = ['base', 'tuned', 'copy'].map((name) => join(folder, `${name}.safetensors`));
  writePair(base, [tuned], [SHAPE]);
  for (const file of [base, tuned]) {
    const codes = readFileSync(file).subarray(-BYTES);
    const target = openSync(file, 'w');
    writeSync(target, headerOf(Array.from({ length: LAYERS }, () => SHAPE)));
    for (let layer = 0; layer < LAYERS; layer++) writeSync(target, codes);
    closeSync(target);
  }
  // cmp stops at the first difference, so it gets a file and its copy
  copyFileSync(base, copy);
  const bytes = 2 * statSync(base).size;
  const ways = {
    'copy in memory': () => copied(bytes),
    cmp: () => measured('cmp', [base, copy]),
    'compare --until change': () =>
      measured(process.execPath, [cli, 'compare', base, tuned, '--until', 'change', '--no-cache']),
  };
  const least = {};
  for (let round = 0; round < rounds; round++)
    for (const [name, way] of Object.entries(ways)) {
      const found = way();
      const known = (least[name] ??= found);
      if (found.wall < known.wall) known.wall = found.wall;
      if (found.user + found.system < known.user + known.system)
        [known.user, known.system] = [found.user, found.system];
    }
  const cpuOf = ({ user, system }) => user + system;
  console.log(
    `${cpus()[0]?.model}, ${availableParallelism()} threads, Node ${process.versions.node}, load ${loadavg()[0].toFixed(0)}; 2 x ${(bytes / 2 ** 31).toFixed(2)} GiB, the least of ${rounds}\n`,
  );
  console.log(
    '| way | time | of cmp | CPU, user and system | of cmp | GB a second of CPU |\n| --- | --- | --- | --- | --- | --- |',
  );
  for (const [name, { wall, user, system }] of Object.entries(least))
    console.log(
      `| ${name} | ${wall.toFixed(2)} s | ${(wall / least.cmp.wall).toFixed(1)} | ${user.toFixed(2)} + ${system.toFixed(2)} s | ${((user + system) / cpuOf(least.cmp)).toFixed(1)} | ${(bytes / 1e9 / (user + system)).toFixed(1)} |`,
    );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
