/** Statistics and spectra of one checkpoint as a stream. */
import { matrixViews, readChunks, readMatrix } from '../checkpoint/index.ts';
import type { Checkpoint, MatrixView } from '../checkpoint/types.ts';
import type { ElementKernels, LinearAlgebraBackend, MatrixType } from '../linalg/backend.ts';
import {
  chunkHistogram,
  chunkStats,
  marchenkoPasturEdge,
  spectrumMetrics,
  StatsAccumulator,
} from '../metrics/index.ts';
import type {
  EngineStreams,
  InspectionEvent,
  TensorRow,
  TensorSpectrum,
  TensorStatistics,
} from '../protocol/engine.ts';
import { CHUNK_WEIGHTS, matrixType } from './change.ts';
import { Estimate, runQueue, WorkQueue } from './queue.ts';

interface Item {
  name: string;
  row: TensorRow;
  /** null: statistics of the whole tensor */
  view: MatrixView | null;
  cost: number;
}

/**
 * Statistics first, then spectra: cheap before dear. Without names: every floating tensor, and for spectra every block matrix (embeddings
 * and head on request). Named tensors are analyzed whatever their role. Throws `cancelled`.
 */
export async function* inspectCheckpoint(
  backend: LinearAlgebraBackend,
  checkpoint: Checkpoint,
  params: Omit<Parameters<EngineStreams['inspect']>[0], 'path'>,
  signal: AbortSignal,
): AsyncGenerator<InspectionEvent, void, undefined> {
  const named = new Set(params.tensors);
  const rows = [...checkpoint.tensors.values()].filter(
    (row) =>
      !row.missing &&
      row.offset !== null &&
      matrixType(row.dtype) !== null &&
      (named.size === 0 || named.has(row.name)),
  );
  const weights = (row: TensorRow): number => row.shape.reduce((a, b) => a * b, 1);
  const items: Item[] = [];
  if (params.statistics) for (const row of rows) items.push({ name: row.name, row, view: null, cost: weights(row) });
  if (params.spectra) {
    for (const row of rows) {
      if (
        !row.spectral ||
        (named.size === 0 &&
          row.role !== 'block' &&
          !(params.includeEmbeddings && (row.role === 'embedding' || row.role === 'head')))
      )
        continue;
      for (const view of matrixViews(row, checkpoint.config)) {
        const q = Math.min(view.rows, view.columns);
        if (q >= 2) items.push({ name: view.name, row, view, cost: q * q * Math.max(view.rows, view.columns) });
      }
    }
  }
  const estimate = new Estimate(items.reduce((total, item) => total + item.cost, 0));
  let done = 0;
  for await (const outcome of runQueue(
    new WorkQueue(items),
    backend.parallelism,
    (item) => work(checkpoint, item, backend, signal),
    signal,
  )) {
    estimate.add(outcome.item.cost);
    if ('error' in outcome) yield { type: 'failed', name: outcome.item.name, error: outcome.error };
    else yield outcome.value;
    yield { type: 'progress', done: ++done, total: items.length, secondsLeft: estimate.secondsLeft() };
  }
}

async function work(
  checkpoint: Checkpoint,
  item: Item,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<InspectionEvent> {
  if (item.view === null)
    return { type: 'statistics', value: await statisticsOf(checkpoint, item.row, backend, signal) };
  return { type: 'spectrum', value: await spectrumOf(checkpoint, item.row, item.view, backend, signal) };
}

/** A tensor of any shape as one row. */
function flatView(row: TensorRow): MatrixView {
  const count = row.shape.reduce((a, b) => a * b, 1);
  return {
    name: row.name,
    tensor: row.name,
    layer: row.layer,
    module: row.module,
    rows: 1,
    columns: count,
    start: 0,
    rowStride: count,
    columnStride: 1,
  };
}

async function statisticsOf(
  checkpoint: Checkpoint,
  row: TensorRow,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<TensorStatistics> {
  const accumulated = await accumulate(checkpoint, row, flatView(row), backend.elements, signal);
  const stats = accumulated.finish();
  if (stats.min === null || stats.max === null) return { name: row.name, stats, histogram: null };
  const type = matrixType(row.dtype) as MatrixType;
  const counts = new Float64Array(64);
  for await (const chunk of readChunks(checkpoint, row, flatView(row), { weights: CHUNK_WEIGHTS, signal })) {
    const part = backend.elements
      ? await backend.elements.histogram(type, chunk.data, stats.min, stats.max, signal)
      : chunkHistogram(type, chunk.data, stats.min, stats.max);
    part.forEach((n, i) => (counts[i] = (counts[i] ?? 0) + n));
  }
  return { name: row.name, stats, histogram: { min: stats.min, max: stats.max, counts: [...counts] } };
}

async function accumulate(
  checkpoint: Checkpoint,
  row: TensorRow,
  view: MatrixView,
  kernels: ElementKernels | null,
  signal: AbortSignal,
): Promise<StatsAccumulator> {
  const type = matrixType(row.dtype) as MatrixType;
  const accumulator = new StatsAccumulator();
  for await (const chunk of readChunks(checkpoint, row, view, { weights: CHUNK_WEIGHTS, signal }))
    accumulator.add(kernels ? await kernels.stats(type, chunk.data, signal) : chunkStats(type, chunk.data));
  return accumulator;
}

async function spectrumOf(
  checkpoint: Checkpoint,
  row: TensorRow,
  view: MatrixView,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<TensorSpectrum> {
  const start = performance.now();
  const { rows, columns } = view;
  const accumulator = await accumulate(checkpoint, row, view, backend.elements, signal);
  const reasons: string[] = [];
  let values: Float64Array | null = null;
  if (!accumulator.isFinite)
    reasons.push(
      `${view.name} holds ${accumulator.nan} NaN and ${accumulator.inf} infinities: its spectrum is not defined.`,
    );
  else {
    const data = await readMatrix(checkpoint, row, view, signal);
    values = await backend.singularValues(
      { rows, columns, type: matrixType(row.dtype) as MatrixType, data },
      { signal },
    );
  }
  return {
    name: view.name,
    tensor: row.name,
    metrics: spectrumMetrics(values, rows, columns, accumulator.variance),
    singularValues: [...(values ?? [])],
    mpEdge: accumulator.variance === null ? null : marchenkoPasturEdge(accumulator.variance, rows, columns),
    rows,
    columns,
    elapsedMs: performance.now() - start,
    reasons,
  };
}
