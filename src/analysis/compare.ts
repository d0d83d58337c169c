/** A comparison as a stream: the plan, then how every tensor changed, then the spectra matrix by matrix. */
import { readMatrix, type Weight, type WeightPair } from '../checkpoint/index.ts';
import type { LinearAlgebraBackend, Matrix } from '../linalg/backend.ts';
import { angleDegrees, updateMetrics } from '../metrics/index.ts';
import { castCodes } from '../numbers/index.ts';
import type { CompareRequest, ComparisonEvent, MatrixDetail } from '../protocol/engine.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { ComparisonParameters, ComparisonTensor, TwinMetrics } from '../protocol/results.ts';
import type { OpenComparison } from './comparisonCache.ts';
import { changeOf, gridFor, matrixType, type Change } from './change.ts';
import { flopsOf, matrixShape, planComparison, ranksOf } from './plan.ts';
import { Estimate, Pace, runQueue, WorkQueue } from './queue.ts';
import { twinChange, twinOf } from './twin.ts';

export interface RunningComparison {
  prioritize(name: string): void;
}

/**
 * Yields `plan` first, unless `known` says that the caller has this one. A tensor that fails yields `failed` and the rest goes on.
 * `done` names the matrices that an earlier run finished: nothing of them is computed again. Throws `cancelled`, and read-failed if a
 * file is not any more what it was when it was opened; what was yielded
 * stays valid.
 */
export async function* compareCheckpoints(
  backend: LinearAlgebraBackend,
  open: OpenComparison,
  request: CompareRequest,
  running: Map<string, RunningComparison>,
  signal: AbortSignal,
): AsyncGenerator<ComparisonEvent, void, undefined> {
  const { parameters } = request;
  try {
    const plan = planComparison(open, parameters, backend);
    if (plan.id !== request.known) yield { type: 'plan', plan, backend: backend.info };
    const done = new Set(request.done);
    const pairs = open.pairing.pairs.filter((item) => !done.has(item.name));
    const changes = new Map<string, Change>();

    const changeTime = new Estimate(pairs.reduce((total, item) => total + item.base.count, 0));
    const pace = new Pace();
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
        yield { type: 'failed', name: outcome.item.name, error: outcome.error };
      } else {
        // Of the others nothing is needed any more.
        if (parameters.spectra && outcome.item.spectral) changes.set(outcome.item.name, outcome.value);
        yield { type: 'change', tensor: outcome.value.tensor };
      }
      finished++;
      if (pace.due(finished === pairs.length, outcome.item.base.count))
        yield {
          type: 'progress',
          phase: 'change',
          done: finished,
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
        yield { type: 'failed', name: outcome.item.name, error: outcome.error };
      } else {
        yield { type: 'matrix', ...outcome.value };
      }
      finished++;
      if (pace.due(finished === matrices.length, outcome.item.base.count))
        yield {
          type: 'progress',
          phase: 'spectra',
          done: finished,
          total: matrices.length,
          secondsLeft: spectraTime.secondsLeft(),
        };
    }
    await open.base.verify();
    await open.tuned.verify();
  } finally {
    running.delete(request.runId);
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
  const { grid: stored, hasNull } = gridFor(item);
  const grid = { ...stored, onGrid: stored.onGrid || change.onGrid };
  const { alpha } = parameters;
  const { metrics, reasons, flags } = change.tensor;
  const [w0, w1] = change.finite
    ? inOneType(await matrixOf(item.base, signal), await matrixOf(item.tuned, signal))
    : [null, null];
  const norm = metrics.updateNorm ?? 0;
  const noise = { name: item.name, norm, grid };
  const twin = parameters.twin && w0 && norm > 0 ? await twinOf(backend, w0, noise, parameters, signal) : null;
  const ranks = { angleRank, maskRank };
  const quantities =
    w0 && w1 ? await backend.comparePair(w0, w1, { ...ranks, alpha, grid, signal, ...(twin ? { twin } : {}) }) : null;
  const context = { rows, columns, ...ranks, grid, hasNull, baseVariance: change.baseVariance };
  const update = updateMetrics(quantities, {
    ...context,
    tunedVariance: change.tunedVariance,
    updateVariance: change.updateVariance,
  });
  const twinMetrics = async (): Promise<TwinMetrics | null> => {
    if (!w0 || !twin || !quantities?.twin) return null;
    const sums = await twinChange(backend, w0, twin, grid, parameters, signal);
    const { baseValues, zeros } = quantities;
    const { tuned, updateVariance } = sums;
    const spectral = updateMetrics(
      { baseValues, zeros, ...quantities.twin },
      { ...context, tunedVariance: tuned.variance, updateVariance },
    );
    return { ...sums.metrics(), ...spectral.metrics };
  };
  return {
    tensor: {
      ...change.tensor,
      metrics: {
        ...metrics,
        ...update.metrics,
        base: { ...metrics.base, ...update.base },
        tuned: { ...metrics.tuned, ...update.tuned },
        ...(parameters.twin ? { twin: await twinMetrics() } : {}),
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

/** An update that no file holds is not rounded: the base beside it is widened, which is exact. */
function inOneType(base: Matrix, tuned: Matrix): [Matrix, Matrix] {
  if (base.type === tuned.type) return [base, tuned];
  const data = new Uint8Array(new SharedArrayBuffer(tuned.data.byteLength));
  castCodes(base.type, base.data, tuned.type, data);
  return [{ ...base, type: tuned.type, data }, tuned];
}

async function matrixOf(weight: Weight, signal: AbortSignal): Promise<Matrix> {
  const { rows, columns, name, dtype } = weight;
  const type = matrixType(weight);
  if (type === null) throw new OffaxisError('bug', `${name} has type ${dtype}, which has no spectrum.`);
  return { rows, columns, type, data: await readMatrix(weight, signal) };
}
