/**
 * An engine process whose work is scripted: the real server and IPC over an Analysis that computes nothing and crashes, hangs or
 * waits on demand. It stands in for a kernel fault, which cannot be ordered from the real one. Bundled by the tests.
 * A pair named "crash..." ends the process while it is in flight; "gpu..." is killed by SIGKILL during GPU work, unless the process was
 * started with --gpu-suspect; "hang..." does not hear of a cancel; others take 20 ms.
 */
import { appendFileSync } from 'node:fs';
import type { Analysis } from '../../../src/analysis/index.ts';
import { Notices } from '../../../src/engine/notices.ts';
import { parentChannel, serveAnalysis } from '../../../src/engine/server.ts';
import type { ComparisonPlan, ComparisonEvent } from '../../../src/protocol/engine.ts';
import { OffaxisError } from '../../../src/protocol/errors.ts';
import type { ComparisonTensor } from '../../../src/protocol/results.ts';

const [names = '', journal = '', ...flags] = process.argv.slice(2);
const suspect = flags.includes('--gpu-suspect');
const notices = new Notices();
const note = (line: string): void => appendFileSync(journal, `${line}\n`);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
note(`start ${process.pid}`);

function plan(): ComparisonPlan {
  return {
    base: 'base',
    tuned: 'tuned',
    pairs: names.split(',').map((name) => ({
      name,
      layer: 0,
      module: name,
      shape: [2, 2],
      dtype: { base: 'F32', tuned: 'F32' },
      spectral: !name.startsWith('norm'),
    })),
    skipped: [],
    unpaired: { baseOnly: [], tunedOnly: [] },
    layers: 1,
    cost: { bytesToRead: 0, weights: 0, matrices: 0, flops: 0, peakBytes: 0 },
    heads: null,
    problems: [],
  };
}
function tensor(name: string): ComparisonTensor {
  return {
    ...(plan().pairs.find((pair) => pair.name === name) as ComparisonPlan['pairs'][number]),
    metrics: {},
    flags: [],
    reasons: [],
    elapsedMs: 1,
  } as unknown as ComparisonTensor;
}
function matrix(name: string): ComparisonTensor {
  const change = tensor(name);
  // angleRank marks a result that has spectra.
  return { ...change, metrics: { ...change.metrics, nss: 0.5, angleRank: 1 } };
}
const detail = {
  baseSingularValues: [],
  tunedSingularValues: [],
  updateSingularValues: [],
  anglesU: [],
  anglesV: [],
  rowDensity: [],
  columnDensity: [],
};

async function* compare(params: { done?: string[] }, signal: AbortSignal): AsyncGenerator<ComparisonEvent> {
  yield {
    type: 'plan',
    plan: plan(),
    backend: { kind: 'reference', name: 'scripted', precision: 'float64', threads: 2 },
  };
  const pairs = plan().pairs.filter((pair) => !params.done?.includes(pair.name));
  for (const { name } of pairs) yield { type: 'change', tensor: tensor(name) };
  const matrices = pairs.filter((pair) => pair.spectral);
  yield { type: 'progress', phase: 'spectra', done: 0, total: matrices.length, secondsLeft: null };
  for (const [i, { name }] of matrices.entries()) {
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
    if (signal.aborted) throw new OffaxisError('cancelled', 'Cancelled.');
    yield { type: 'matrix', tensor: matrix(name), detail: { name, ...detail } };
    yield { type: 'progress', phase: 'spectra', done: i + 1, total: matrices.length, secondsLeft: 0 };
  }
}

const analysis = {
  info: async () => ({
    ...{ kind: 'reference', name: 'scripted', precision: 'float64', threads: 2 },
    gpu: { needsNode: names === 'electron', why: 'It can not be read back.' },
  }),
  open: async ({ path }: { path: string }) => {
    if (path === 'crash') process.exit(3);
    if (path === 'good')
      return {
        path,
        dtypes: {},
        tensors: ['m1', 'm2', 'm3'].map((name) => ({ name, spectral: true, missing: false, role: 'block' })),
      };
    throw new OffaxisError('bad-file', `${path} is no checkpoint.`);
  },
  plan: async () => plan(),
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
  dispose: async () => undefined,
} as unknown as Analysis;

notices.say({ type: 'log', level: 'warn', text: 'a word of the engine' });
serveAnalysis(parentChannel(), async () => analysis, 'test', notices);
process.on('disconnect', () => {
  note('end');
  process.exit(0);
});
