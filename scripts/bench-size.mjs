// npm run bench:size [-- --only plan,linear,whole,spectra --layers N --hidden N --threads N --dir DIR]: a pair shaped as a 7B model (13 GB a
// side, sharded) through the shipped command line: time, CPU and memory of its first two stages, how they grow with the parameters, what
// its whole spectra would take by those of one matrix of each shape, and the plan of a 70B pair from its headers.
// All of it takes 27 GB of disk, for as long as it runs, and over an hour on two cores; --layers 4 --hidden 1024 try the script itself.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { installDependencies, run } from './lib/install.mjs';
import { onRecentNode } from './lib/node.mjs';
import { countOf, SHAPED_70B, SHAPED_7B, tensorsOf, writeHeaders, writeWeights } from './lib/shaped-pair.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
await onRecentNode(root);
installDependencies(root);
const PARTS = ['plan', 'linear', 'whole', 'spectra'];
const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: PARTS.join() },
    layers: { type: 'string', default: String(SHAPED_7B.layers) },
    hidden: { type: 'string', default: String(SHAPED_7B.hidden) },
    threads: { type: 'string', default: '2' },
    dir: { type: 'string', default: join(root, 'test-results') },
  },
});
const parts = options.only.split(',');
const layers = Number(options.layers);
const unknown = parts.filter((part) => !PARTS.includes(part));
if (unknown.length) throw new Error(`--only takes ${PARTS.join(', ')}, not ${unknown.join(', ')}`);
if (!(Number.isInteger(layers) && layers >= 4)) throw new Error('--layers takes a whole number from 4');
const hidden = Number(options.hidden);
if (!(hidden >= 128 && Number.isInteger(Math.log2(hidden)))) throw new Error('--hidden takes a power of two from 128');
/** 7B's own, if no option says otherwise. */
const shaped = { ...SHAPED_7B, layers, hidden, intermediate: (SHAPED_7B.intermediate * hidden) / SHAPED_7B.hidden };

/** What the whole process may take, all its threads together: given to it as a cap, and held against what the system says it took. */
const CAP = '4GB';
const CAP_BYTES = 4e9;
const cli = join(root, 'dist', 'cli.mjs');
const hook = pathToFileURL(join(root, 'scripts', 'lib', 'usage.mjs')).href;
if (!existsSync(cli)) run(process.execPath, ['scripts/build.mjs'], { cwd: root });
mkdirSync(options.dir, { recursive: true });
const folder = mkdtempSync(join(options.dir, 'size-'));
let child = null;
process.on('exit', () => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

const usage = join(folder, 'usage.json');
const json = join(folder, 'result.json');
/** A comparison by the command line: its JSON, with what it took. */
async function offaxis(...args) {
  const engine = ['--backend', 'cpu', '--threads', options.threads, '--no-cache', '--json', json];
  const started = performance.now();
  child = spawn(process.execPath, ['--import', hook, cli, 'compare', ...args, ...engine], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, OFFAXIS_USAGE: usage },
  });
  let said = '';
  child.stderr.on('data', (text) => (said += text));
  const status = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  const wall = (performance.now() - started) / 1000;
  if (status !== 0) throw new Error(`offaxis compare ${args.join(' ')}: ${said}`);
  const { seconds: cpu, mebibytes } = JSON.parse(readFileSync(usage, 'utf8'));
  return { result: JSON.parse(readFileSync(json, 'utf8')), wall, cpu, peak: mebibytes * 2 ** 20 };
}
const FIGURES = { change: 'updateNorm', alignment: 'jointEnergy', spectra: 'nss' };
/** Runs one that ends with this stage; throws if a matrix lacks what the stage is for. */
async function until(stage, matrices, ...tensors) {
  const { result, ...took } = await offaxis(...pair, '--until', stage, '--memory', CAP, ...tensors);
  const have = result.tensors.filter(({ shape, metrics }) => shape.length === 2 && metrics[FIGURES[stage]] != null);
  if (have.length !== matrices) throw new Error(`${have.length} of ${matrices} matrices have their ${stage}`);
  largest = Math.max(largest, took.peak);
  return took;
}
let largest = 0;

const seconds = (x) =>
  x < 100 ? `${x.toFixed(1)} s` : x < 6000 ? `${(x / 60).toFixed(1)} min` : `${(x / 3600).toFixed(1)} h`;
const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(2)} GB`;
const billions = (n) => `${(n / 1e9).toFixed(2)} billion`;
const table = (...rows) => {
  const [head] = rows;
  console.log(
    `\n${[head, head.map(() => '---'), ...rows.slice(1)].map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`,
  );
};
const sum = (list, of) => list.reduce((total, item) => total + of(item), 0);
console.log(
  `${cpus()[0]?.model}, ${availableParallelism()} cores, ${options.threads} threads, Node ${process.versions.node}, load ${loadavg()[0].toFixed(1)}`,
);

if (parts.includes('plan')) {
  const sides = ['base', 'tuned'].map((side) => join(folder, '70b', side));
  const [placed] = sides.map((side) => writeHeaders(side, SHAPED_70B));
  const bytes = sum(placed, (tensor) => 2 * countOf(tensor));
  // one part more than there are tensors has none of them: what is left of the comparison is its plan
  const of = placed.length + 1;
  const { result, wall, cpu, peak } = await offaxis(...sides, '--shard', `${of}/${of}`);
  const { plan } = result;
  if (plan.pairs.length !== placed.length || result.tensors.length) throw new Error('that is not the plan alone');
  table(
    ['plan of a 70B pair, from its headers', ''],
    ['parameters, bytes a side', `${billions(plan.cost.weights)}, ${gigabytes(bytes)}`],
    ['tensors, matrices with spectra', `${plan.pairs.length}, ${plan.cost.matrices}`],
    ['work of whole spectra', `${(plan.cost.flops / 1e15).toFixed(2)} Pflop`],
    ['until it is there: wall, CPU, peak', `${seconds(wall)}, ${seconds(cpu)}, ${gigabytes(peak)}`],
  );
}

const needed = parts.includes('whole') ? layers : parts.includes('linear') ? Math.min(8, layers) : 1;
const model = { ...shaped, layers: needed };
const pair = ['base', 'tuned'].map((side) => join(folder, side));
const MATRICES = 7;
if (parts.some((part) => part !== 'plan')) {
  const started = performance.now();
  const [placed] = pair.map((side) => writeHeaders(side, model));
  writeWeights(pair, placed);
  const bytes = sum(placed, (tensor) => 2 * countOf(tensor));
  const files = new Set(placed.map(({ file }) => file)).size;
  console.log(
    `written: ${needed} layers, 2 x ${gigabytes(bytes)} in 2 x ${files} files, ${seconds((performance.now() - started) / 1000)}`,
  );
}

/** Least squares: the line through (x, y). */
function lineOf(points) {
  const mean = (of) => sum(points, of) / points.length;
  const [x, y] = [mean((p) => p.x), mean((p) => p.y)];
  const slope = sum(points, (p) => (p.x - x) * (p.y - y)) / sum(points, (p) => (p.x - x) ** 2);
  return { slope, at: (value) => y + slope * (value - x) };
}
const isOfLayer = ({ name }) => name.includes('.layers.');
const lines = {};
if (parts.includes('linear')) {
  const most = Math.min(8, layers);
  const points = { change: [], alignment: [] };
  const rows = [];
  // layers only: the vocabulary's matrices have no alignment
  for (const some of [most / 4, most / 2, most].map(Math.floor)) {
    const globs = Array.from({ length: some }, (_, layer) => `model.layers.${layer}.*`).join();
    const x = sum(tensorsOf({ ...model, layers: some }).filter(isOfLayer), countOf);
    for (const stage of ['change', 'alignment']) {
      const took = await until(stage, MATRICES * some, '--tensors', globs);
      points[stage].push({ x, y: took.cpu });
      rows.push([String(some), billions(x), stage, seconds(took.cpu), seconds(took.wall), gigabytes(took.peak)]);
    }
  }
  table(['layers', 'parameters', 'until', 'CPU', 'wall', 'peak'], ...rows);
  for (const [stage, list] of Object.entries(points)) {
    const line = (lines[stage] = lineOf(list));
    const off = Math.max(...list.map(({ x, y }) => Math.abs(y / line.at(x) - 1)));
    const [a, b, c] = list;
    const steps = [(b.y - a.y) / (b.x - a.x), (c.y - b.y) / (c.x - b.x)].map((step) => (step * 1e9).toFixed(1));
    console.log(
      `until ${stage}: ${(line.slope * 1e9).toFixed(1)} s of CPU a billion parameters; no size is further than ${(100 * off).toFixed(1)} % from the line; between the sizes ${steps.join(' and ')} s a billion`,
    );
  }
}

if (parts.includes('whole')) {
  const rows = [];
  const inAll = sum(tensorsOf(model), countOf);
  const inLayers = sum(tensorsOf(model).filter(isOfLayer), countOf);
  for (const stage of ['change', 'alignment']) {
    const took = await until(stage, MATRICES * layers + (stage === 'change' ? 2 : 0));
    const told = lines[stage] ? seconds(lines[stage].at(stage === 'change' ? inAll : inLayers)) : '';
    rows.push([stage, seconds(took.wall), seconds(took.cpu), told, gigabytes(took.peak), loadavg()[0].toFixed(1)]);
    console.log(`until ${stage}: ${seconds(took.wall)}, ${gigabytes(took.peak)}`);
  }
  console.log(`\n${layers} layers, ${billions(inAll)} parameters, ${gigabytes(2 * inAll)} a side`);
  table(['until', 'wall', 'CPU', 'CPU that the line of the three sizes tells', 'peak', 'load'], ...rows);
}

if (parts.includes('spectra')) {
  const rows = [];
  const perLayer = { q_proj: 4, gate_proj: 2, down_proj: 1 };
  let measured = 0;
  let all = 0;
  for (const [module, times] of Object.entries(perLayer)) {
    const { name, shape } = tensorsOf(shaped).find((tensor) => tensor.name.includes(module));
    const { cpu, wall, peak } = await until('spectra', 1, '--tensors', name);
    const count = times * layers;
    measured += cpu;
    all += count * cpu;
    rows.push([
      shape.join(' x '),
      seconds(cpu),
      seconds(wall),
      gigabytes(peak),
      `${count} times: ${seconds(count * cpu)}`,
    ]);
  }
  table(['one matrix, until spectra', 'CPU', 'wall', 'peak', 'all of that shape, modelled'], ...rows);
  console.log(
    `whole spectra of all ${MATRICES * layers} matrices: ${seconds(all)} of CPU. This is a model, of ${seconds(measured)} measured`,
  );
}

if (parts.some((part) => part !== 'plan')) {
  const kept = largest < CAP_BYTES;
  console.log(
    `largest peak of all runs: ${gigabytes(largest)}, ${kept ? 'under' : 'ABOVE'} the ${CAP} given as --memory`,
  );
  if (!kept) process.exitCode = 1;
}
