/** A comparison as a stream: the plan, then how every tensor changed, then the spectra matrix by matrix, then the summary. */
import {
  isRefused,
  openCheckpoint,
  readMatrix,
  type Checkpoint,
  type Weight,
  type WeightPair,
} from '../checkpoint/index.ts';
import type { LinearAlgebraBackend, Matrix } from '../linalg/backend.ts';
import { angleDegrees, updateMetrics } from '../metrics/index.ts';
import type { CompareRequest, ComparisonEvent, MatrixDetail } from '../protocol/engine.ts';
import { OffaxisError, type WireError } from '../protocol/errors.ts';
import type { ComparisonParameters, ComparisonTensor } from '../protocol/results.ts';
import { changeOf, gridFor, matrixType, type Change } from './change.ts';
import { flopsOf, matrixShape, planComparison, ranksOf } from './plan.ts';
import { Estimate, runQueue, WorkQueue } from './queue.ts';
import { summaryOf } from './result.ts';

export interface RunningComparison {
  prioritize(name: string): void;
}
export interface OpenPair {
  base: Checkpoint;
  tuned: Checkpoint;
  close(): Promise<void>;
}

/** Opens both sides by their headers. Throws bad-file or read-failed, naming the side's path. */
export async function openPair(basePath: string, tunedPath: string, signal?: AbortSignal): Promise<OpenPair> {
  const base = await openReadable(basePath, signal);
  try {
    const tuned = await openReadable(tunedPath, signal);
    return {
      base,
      tuned,
      close: async () => {
        await base.close();
        await tuned.close();
      },
    };
  } catch (error) {
    await base.close();
    throw error;
  }
}

async function openReadable(path: string, signal?: AbortSignal): Promise<Checkpoint> {
  const checkpoint = await openCheckpoint(path, signal);
  if (!isRefused(checkpoint)) return checkpoint;
  await checkpoint.close();
  throw new OffaxisError(
    'bad-file',
    checkpoint.problems.find(({ severity }) => severity === 'error')?.message ?? `${path} can't be read.`,
  );
}

/**
 * Yields `plan` first and `summary` last. A tensor that fails yields `failed` and the rest goes on. `done` names the matrices that an
 * earlier run finished: nothing of them is computed again. Throws `cancelled`; what was yielded stays valid.
 */
export async function* compareCheckpoints(
  backend: LinearAlgebraBackend,
  request: CompareRequest,
  running: Map<string, RunningComparison>,
  signal: AbortSignal,
): AsyncGenerator<ComparisonEvent, void, undefined> {
  const { parameters } = request;
  const pair = await openPair(request.base, request.tuned, signal);
  try {
    const { plan, pairing } = planComparison(pair.base, pair.tuned, parameters, backend);
    yield { type: 'plan', plan, backend: backend.info };
    const done = new Set(request.done);
    const pairs = pairing.pairs.filter((item) => !done.has(item.name));
    const tensors = new Map<string, ComparisonTensor>();
    const failed: { name: string; error: WireError }[] = [];
    const changes = new Map<string, Change>();

    const changeTime = new Estimate(pairs.reduce((total, item) => total + item.base.count, 0));
    let finished = 0;
    yield { type: 'progress', phase: 'change', done: 0, total: pairs.length, secondsLeft: null };
    for await (const outcome of runQueue(
      new WorkQueue(pairs),
      backend.parallelism,
      (item) => changeOf(item, parameters, backend, signal),
      signal,
    )) {
      changeTime.add(outcome.item.base.count);
      if ('error' in outcome) {
        failed.push({ name: outcome.item.name, error: outcome.error });
        yield { type: 'failed', ...(failed.at(-1) as (typeof failed)[number]) };
      } else {
        changes.set(outcome.item.name, outcome.value);
        tensors.set(outcome.item.name, outcome.value.tensor);
        yield { type: 'change', tensor: outcome.value.tensor };
      }
      yield {
        type: 'progress',
        phase: 'change',
        done: ++finished,
        total: pairs.length,
        secondsLeft: changeTime.secondsLeft(),
      };
    }

    const matrices = parameters.spectra ? pairs.filter((item) => item.spectral && changes.has(item.name)) : [];
    const queue = new WorkQueue(matrices);
    running.set(request.runId, { prioritize: (name) => void queue.prioritize(name) });
    const spectraTime = new Estimate(matrices.reduce((total, item) => total + flopsOf(item, parameters), 0));
    finished = 0;
    if (matrices.length)
      yield { type: 'progress', phase: 'spectra', done: 0, total: matrices.length, secondsLeft: null };
    for await (const outcome of runQueue(
      queue,
      backend.parallelism,
      (item) => spectraOf(item, changes.get(item.name) as Change, parameters, backend, signal),
      signal,
    )) {
      spectraTime.add(flopsOf(outcome.item, parameters));
      if ('error' in outcome) {
        failed.push({ name: outcome.item.name, error: outcome.error });
        yield { type: 'failed', ...(failed.at(-1) as (typeof failed)[number]) };
      } else {
        tensors.set(outcome.item.name, outcome.value.tensor);
        yield { type: 'matrix', ...outcome.value };
      }
      yield {
        type: 'progress',
        phase: 'spectra',
        done: ++finished,
        total: matrices.length,
        secondsLeft: spectraTime.secondsLeft(),
      };
    }
    yield { type: 'summary', summary: summaryOf(plan, tensors, failed) };
  } finally {
    running.delete(request.runId);
    await pair.close();
  }
}

interface MatrixOutcome {
  tensor: ComparisonTensor;
  detail: MatrixDetail;
}

/** The spectral part of one pair; the matrices live only in this call. */
async function spectraOf(
  item: WeightPair,
  change: Change,
  parameters: ComparisonParameters,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<MatrixOutcome> {
  const start = performance.now();
  const [rows, columns] = matrixShape(item);
  const { angleRank, maskRank } = ranksOf(item, parameters);
  const { grid, hasNull } = gridFor(item);
  const quantities = change.finite
    ? await backend.comparePair(await matrixOf(item.base, signal), await matrixOf(item.tuned, signal), {
        angleRank,
        maskRank,
        alpha: parameters.alpha,
        grid,
        signal,
      })
    : null;
  const update = updateMetrics(quantities, {
    rows,
    columns,
    angleRank,
    maskRank,
    grid,
    hasNull,
    baseVariance: change.baseVariance,
    tunedVariance: change.tunedVariance,
    updateVariance: change.updateVariance,
  });
  const { metrics, reasons, flags } = change.tensor;
  return {
    tensor: {
      ...change.tensor,
      metrics: {
        ...metrics,
        ...update.metrics,
        base: { ...metrics.base, ...update.base },
        tuned: { ...metrics.tuned, ...update.tuned },
      },
      flags: [...new Set([...flags, ...update.flags])],
      reasons: [...new Set([...reasons, ...update.reasons])],
      elapsedMs: change.tensor.elapsedMs + performance.now() - start,
      ...(quantities ? { computedOn: quantities.computedOn ?? backend.info.kind } : {}),
      ...(quantities?.recomputed ? { recomputed: quantities.recomputed } : {}),
    },
    detail: {
      name: item.name,
      baseSingularValues: [...(quantities?.baseValues ?? [])],
      tunedSingularValues: [...(quantities?.tunedValues ?? [])],
      updateSingularValues: [...(quantities?.updateValues ?? [])],
      anglesU: quantities?.anglesU ? [...angleDegrees(quantities.anglesU)] : [],
      anglesV: quantities?.anglesV ? [...angleDegrees(quantities.anglesV)] : [],
      rowDensity: change.rowDensity ?? [],
      columnDensity: change.columnDensity ?? [],
    },
  };
}

async function matrixOf(weight: Weight, signal: AbortSignal): Promise<Matrix> {
  const { rows, columns, name, dtype } = weight;
  const type = matrixType(weight);
  if (type === null) throw new OffaxisError('bug', `${name} has type ${dtype}, which has no spectrum.`);
  return { rows, columns, type, data: await readMatrix(weight, signal) };
}
