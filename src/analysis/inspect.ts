/** Statistics and spectra of one checkpoint as a stream. */
import {
  costOf,
  matricesOf,
  overBase,
  readChunks,
  readMatrix,
  updatesAlone,
  wholeWeight,
  type AloneUpdate,
  type Checkpoint,
  type OverBase,
  type Weight,
  type WeightPair,
} from '../checkpoint/index.ts';
import type { ElementKernels, LinearAlgebraBackend } from '../linalg/backend.ts';
import {
  chunkHistogram,
  chunkStats,
  marchenkoPasturEdge,
  spectrumMetrics,
  StatsAccumulator,
} from '../metrics/index.ts';
import type { MatrixType } from '../numbers/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { plain } from '../protocol/format.ts';
import { say } from '../protocol/say.ts';
import type {
  EngineStreams,
  InspectionEvent,
  TensorRow,
  TensorSpectrum,
  TensorStatistics,
} from '../protocol/engine.ts';
import { unknown, updateOf, updateOver } from './adapterUpdate.ts';
import { CHUNK_WEIGHTS, matrixType } from './change.ts';
import { MatrixMemory } from './matrixMemory.ts';
import { beyond, updateBytes, valuesBytes } from './memoryCap.ts';
import { Estimate, Pace, runQueue, WorkQueue } from './queue.ts';

type Item = {
  name: string;
  /** weights that are gone over: how soon progress is worth saying again */
  count: number;
  cost: number;
} & (
  | {
      work: 'statistics' | 'spectrum';
      /** a matrix for its spectrum, or a whole tensor for its statistics */
      weight: Weight;
    }
  | { work: 'update'; update: AloneUpdate }
  | { work: 'over-base'; over: OverBase }
);

/**
 * Statistics first, then spectra, then the updates of an adapter: cheap before dear. Without names: every floating tensor, and for
 * spectra every block matrix (embeddings and head on request). Named tensors are analyzed whatever their role. What a cap on memory has no
 * room for is not read: a matrix yields `failed` with beyond-memory, an update says so in its reasons. Throws `cancelled`, and read-failed
 * if a file is not any more what it was when it was opened.
 */
export async function* inspectCheckpoint(
  backend: LinearAlgebraBackend,
  checkpoint: Checkpoint,
  params: Omit<Parameters<EngineStreams['inspect']>[0], 'path'>,
  signal: AbortSignal,
  /** of an adapter with its base, if that was found */
  changed: readonly WeightPair[] = [],
): AsyncGenerator<InspectionEvent, void, undefined> {
  const named = new Set(params.tensors);
  const items: Item[] = [];
  const rows: TensorRow[] = [];
  for (const row of checkpoint.tensors.values()) {
    if (row.missing || row.offset === null || !(named.size === 0 || named.has(row.name))) continue;
    const weight = wholeWeight(checkpoint, row);
    if (matrixType(weight) === null) continue;
    rows.push(row);
    const { count } = weight;
    if (params.statistics) items.push({ name: row.name, weight, work: 'statistics', count, cost: count });
  }
  if (params.spectra) {
    for (const row of rows) {
      if (
        !row.spectral ||
        (named.size === 0 &&
          row.role !== 'block' &&
          !(params.includeEmbeddings && (row.role === 'embedding' || row.role === 'head')))
      )
        continue;
      for (const weight of matricesOf(checkpoint, row)) {
        const { name, rows: m, columns: n, count } = weight;
        const q = Math.min(m, n);
        if (q >= 2) items.push({ name, weight, work: 'spectrum', count, cost: q * q * Math.max(m, n) });
      }
    }
  }
  if (params.updates) {
    const updates = updatesAlone(checkpoint);
    const over = overBase(updates, changed);
    for (const one of over?.found ?? []) {
      const { base, tuned } = one.pair;
      if (named.size > 0 && !tuned.entries.some(({ name }) => named.has(name))) continue;
      items.push({
        ...{ name: one.name, over: one, work: 'over-base' },
        ...{ count: base.count, cost: costOf(base.rows, base.columns) },
      });
    }
    for (const update of over?.rest ?? updates) {
      if (named.size > 0 && !update.tensors.some((name) => named.has(name))) continue;
      const [out, inside] = update.shape;
      const count = ((out ?? 0) + (inside ?? 0)) * (update.rank ?? 0);
      items.push({ name: update.name, update, work: 'update', count, cost: 2 * count * (update.rank ?? 0) });
    }
  }
  const estimate = new Estimate(items.reduce((total, item) => total + item.cost, 0));
  const pace = new Pace();
  const { budget = Infinity } = backend;
  const memory = new MatrixMemory(budget);
  let done = 0;
  for await (const outcome of runQueue(
    new WorkQueue(items),
    backend.parallelism,
    async (item) => {
      const bytes = matrixBytes(item, backend);
      if (bytes > budget) return leftOut(item, bytes, budget);
      return memory.within(bytes, signal, () => work(item, backend, signal));
    },
    signal,
  )) {
    estimate.add(outcome.item.cost);
    if ('error' in outcome) yield { type: 'failed', name: outcome.item.name, error: outcome.error };
    else yield outcome.value;
    done++;
    if (pace.due(done === items.length, outcome.item.count))
      yield { type: 'progress', done, total: items.length, secondsLeft: estimate.secondsLeft() };
  }
  await checkpoint.verify();
}

/** Bytes of what lies in memory whole: of a matrix, or of a pair. */
function matrixBytes(item: Item, backend: LinearAlgebraBackend): number {
  if (item.work === 'spectrum') return valuesBytes(item.weight, backend);
  return item.work === 'over-base' ? updateBytes(item.over.pair, backend) : 0;
}
/** What takes more than there is even if it is alone. */
function leftOut(item: Item, bytes: number, budget: number): InspectionEvent {
  if (item.work === 'over-base')
    return { type: 'update', value: unknown(item.over, beyond('it takes', bytes, budget)) };
  throw new OffaxisError(
    'beyond-memory',
    say(
      '{0} is left out: its spectrum takes {1} of memory, and the cap leaves {2} for matrices. Raise --memory (the setting offaxis.memory).',
      item.name,
      plain.bytes(bytes),
      plain.bytes(budget),
    ),
  );
}
async function work(item: Item, backend: LinearAlgebraBackend, signal: AbortSignal): Promise<InspectionEvent> {
  switch (item.work) {
    case 'statistics':
      return { type: 'statistics', value: await statisticsOf(item.weight, backend, signal) };
    case 'spectrum':
      return { type: 'spectrum', value: await spectrumOf(item.weight, backend, signal) };
    case 'update':
      return { type: 'update', value: await updateOf(item.update, backend, signal) };
    case 'over-base':
      return { type: 'update', value: await updateOver(item.over, backend, signal) };
  }
}

async function statisticsOf(
  weight: Weight,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<TensorStatistics> {
  const { name } = weight;
  const stats = (await accumulate(weight, backend.elements, signal)).finish();
  if (stats.min === null || stats.max === null) return { name, stats, histogram: null };
  const type = matrixType(weight) as MatrixType;
  const counts = new Float64Array(64);
  for await (const chunk of readChunks(weight, { weights: CHUNK_WEIGHTS, signal })) {
    const part = backend.elements
      ? await backend.elements.histogram(type, chunk.data, stats.min, stats.max, signal)
      : chunkHistogram(type, chunk.data, stats.min, stats.max);
    part.forEach((n, i) => (counts[i] = (counts[i] ?? 0) + n));
  }
  return { name, stats, histogram: { min: stats.min, max: stats.max, counts: [...counts] } };
}

async function accumulate(
  weight: Weight,
  kernels: ElementKernels | null,
  signal: AbortSignal,
): Promise<StatsAccumulator> {
  const type = matrixType(weight) as MatrixType;
  const accumulator = new StatsAccumulator();
  for await (const chunk of readChunks(weight, { weights: CHUNK_WEIGHTS, signal }))
    accumulator.add(kernels ? await kernels.stats(type, chunk.data, signal) : chunkStats(type, chunk.data));
  return accumulator;
}

async function spectrumOf(weight: Weight, backend: LinearAlgebraBackend, signal: AbortSignal): Promise<TensorSpectrum> {
  const start = performance.now();
  const { name, tensor, rows, columns } = weight;
  const accumulator = await accumulate(weight, backend.elements, signal);
  const reasons: string[] = [];
  let values: Float64Array | null = null;
  if (!accumulator.isFinite)
    reasons.push(
      `${name} holds ${plain.integer(accumulator.nan)} NaN and ${plain.integer(accumulator.inf)} infinities: its spectrum is not defined.`,
    );
  else {
    const data = await readMatrix(weight, signal);
    values = await backend.singularValues({ rows, columns, type: matrixType(weight) as MatrixType, data }, { signal });
  }
  return {
    name,
    tensor,
    metrics: spectrumMetrics(values, rows, columns, accumulator.variance),
    singularValues: [...(values ?? [])],
    mpEdge: accumulator.variance === null ? null : marchenkoPasturEdge(accumulator.variance, rows, columns),
    rows,
    columns,
    elapsedMs: performance.now() - start,
    reasons,
  };
}
