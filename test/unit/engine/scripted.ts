/**
 * An engine process whose work is scripted: the real server and IPC over an Analysis that computes nothing and crashes, hangs or
 * waits on demand. It stands in for a kernel fault, which cannot be ordered from the real one. Bundled by the tests.
 * A pair named "crash..." ends the process while it is in flight; "gpu..." is killed by SIGKILL during GPU work, unless the process was
 * started with --gpu-suspect; "hang..." does not hear of a cancel; others take 20 ms.
 */
import { appendFileSync } from 'node:fs';
import { remote } from '../../../src/bytes/index.ts';
import type { Analysis } from '../../../src/analysis/index.ts';
import { Notices } from '../../../src/engine/notices.ts';
import { parentChannel, serveAnalysis } from '../../../src/engine/server.ts';
import type { CheckpointFacts, ComparisonEvent, ComparisonPlan } from '../../../src/protocol/engine.ts';
import { OffaxisError } from '../../../src/protocol/errors.ts';
import type { ComparisonParameters, ComparisonTensor } from '../../../src/protocol/results.ts';
import type { SeveralEvent } from '../../../src/protocol/several.ts';
import { agreement, comparisonPlan, matrixDetail, plannedPair, tensor as makeTensor } from '../makers.ts';

const [names = '', journal = '', ...flags] = process.argv.slice(2);
const suspect = flags.includes('--gpu-suspect');
const notices = new Notices();
const note = (line: string): void => appendFileSync(journal, `${line}\n`);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
note(`start ${process.pid}`);

function plan(): ComparisonPlan {
  const pairs = names.split(',').map((name) => plannedPair(name, { module: name, spectral: !name.startsWith('norm') }));
  return comparisonPlan(pairs, { id: names, base: 'base', tuned: 'tuned' });
}
const tensor = (name: string): ComparisonTensor => makeTensor(name, {}, { layer: 0, module: name });
function matrix(name: string, isWhole = true): ComparisonTensor {
  const change = tensor(name);
  // angleRank marks a result that has spectra, nss one that has all of them.
  return { ...change, metrics: { ...change.metrics, ...(isWhole ? { nss: 0.5 } : {}), angleRank: 1 } };
}
const backend = { kind: 'reference', name: 'scripted', precision: 'float64', threads: 2 } as const;

/** What a matrix of this name does to the process. */
async function take(name: string): Promise<void> {
  note(`take ${name}`);
  if (name.startsWith('crash')) process.exit(3);
  if (name.startsWith('gpu') && !suspect) {
    notices.say({ type: 'gpu', busy: true });
    await sleep(5);
    process.kill(process.pid, 'SIGKILL');
    await sleep(1000);
  }
  if (name.startsWith('hang')) await sleep(60_000);
  await sleep(20);
}

async function* compare(
  params: { done?: string[]; known?: string; parameters?: ComparisonParameters },
  signal: AbortSignal,
): AsyncGenerator<ComparisonEvent> {
  if (params.known !== names) yield { type: 'plan', plan: plan(), backend };
  const pairs = plan().pairs.filter((pair) => !params.done?.includes(pair.name));
  for (const { name } of pairs) yield { type: 'change', tensor: tensor(name) };
  const matrices = pairs.filter((pair) => pair.spectral);
  const isWhole = params.parameters?.spectra !== 'leading';
  const phase = isWhole ? 'spectra' : 'alignment';
  yield { type: 'progress', phase, done: 0, total: matrices.length, secondsLeft: null };
  for (const [i, { name }] of matrices.entries()) {
    await take(name);
    if (signal.aborted) throw new OffaxisError('cancelled', 'Cancelled.');
    yield { type: 'matrix', tensor: matrix(name, isWhole), detail: matrixDetail(name) };
    yield { type: 'progress', phase, done: i + 1, total: matrices.length, secondsLeft: 0 };
  }
}

/** Every run pairs the same tensors; each has its change and spectra, and the runs beside each other. */
async function* several(
  { tuned, done }: { tuned: readonly string[]; done?: readonly string[] },
  signal: AbortSignal,
): AsyncGenerator<SeveralEvent> {
  for (const run of tuned.keys()) yield { type: 'run', run, event: { type: 'plan', plan: plan(), backend } };
  const pairs = plan().pairs.filter((pair) => !done?.includes(pair.name));
  for (const [i, { name, spectral }] of pairs.entries()) {
    await take(name);
    if (signal.aborted) throw new OffaxisError('cancelled', 'Cancelled.');
    for (const run of tuned.keys())
      yield spectral
        ? { type: 'run', run, event: { type: 'matrix', tensor: matrix(name), detail: matrixDetail(name) } }
        : { type: 'run', run, event: { type: 'change', tensor: tensor(name) } };
    if (spectral) yield { type: 'agreement', value: agreement(name, tuned.length) };
    yield { type: 'finished', name };
    yield { type: 'progress', done: i + 1, total: pairs.length, secondsLeft: 0 };
  }
}

/** Every field that a border packs. */
function facts(path: string): Omit<CheckpointFacts, 'memory'> {
  const row = { layer: 0, dtype: 'F32', shape: [2, 2], sizeBytes: 16, file: path, missing: false } as const;
  return {
    path,
    format: 'scripted',
    sizeBytes: 48,
    headerBytes: 0,
    parameters: 12,
    quantisation: [],
    dtypes: { F32: 3 },
    shards: [],
    metadata: {},
    config: null,
    adapter: null,
    problems: [],
    tensors: ['m1', 'm2', 'm3'].map((name, i) => ({
      ...row,
      shape: [...row.shape],
      name,
      module: name,
      offset: 16 * i,
      role: 'block',
      spectral: true,
    })),
  };
}

function large(path: string): ReturnType<typeof facts> {
  const all = facts(path);
  return { ...all, sizeBytes: 3e9, tensors: all.tensors.map((row) => ({ ...row, sizeBytes: 1e9 })) };
}

const { use } = remote;
remote.use = (given) => {
  if (given.hubToken !== undefined) note(`access ${given.hubToken}`);
  use.call(remote, given);
};

const analysis = {
  info: async () => {
    note('info');
    return { ...backend, gpu: { needsNode: names === 'electron', why: 'It can not be read back.' } };
  },
  open: async ({ path }: { path: string }) => {
    if (path === 'crash') process.exit(3);
    if (path === 'good') return facts(path);
    if (path.endsWith('/large')) return large(path);
    throw new OffaxisError('bad-file', `${path} is not a checkpoint.`);
  },
  plan: async () => plan(),
  letGo: async ({ tuned }: { tuned: string }) => note(`let go ${tuned}`),
  prioritize: ({ name }: { name: string }) => note(`prioritize ${name}`),
  async *inspect({ tensors, spectra }: { tensors: string[]; spectra: boolean }, signal: AbortSignal) {
    for (const name of tensors) {
      if (name.startsWith('crash')) process.exit(3);
      if (spectra) await sleep(300);
      if (signal.aborted) throw new OffaxisError('cancelled', 'Cancelled.');
      yield spectra
        ? { type: 'spectrum', value: { name, tensor: name } }
        : { type: 'statistics', value: { name, stats: {}, histogram: null } };
    }
  },
  compare,
  several,
  dispose: async () => undefined,
} as unknown as Analysis;

notices.say({ type: 'log', level: 'warn', text: 'a word of the engine' });
serveAnalysis(
  parentChannel(),
  async () => analysis,
  'test',
  notices,
  () => note('computes'),
);
process.on('disconnect', () => {
  note('end');
  process.exit(0);
});
